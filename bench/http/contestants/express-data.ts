/** Express with a database, as most people write it. */
import express from 'express';
import { z } from 'zod';
import type { Item, Start } from './data.js';
import { answer, startWith } from './express.js';
import { Items } from './items.js';

const Page = z.strictObject({ after: z.string().regex(/^\d{1,9}$/) });

export const start: Start = () => {
  const items = new Items();
  const router = express.Router();
  const answerOne = (request: express.Request, response: express.Response, item: Item | undefined) => {
    if (item) answer(request, response, item);
    else response.status(404).json({ success: false, error: { code: 'NOT_FOUND' } });
  };
  router.get('/items/:id', async (request, response) => {
    answerOne(request, response, await items.find(request.params.id));
  });
  router.post('/items/:id/visits', async (request, response) => {
    answerOne(request, response, await items.visit(request.params.id));
  });
  router.get('/items', async (request, response) => {
    const { after } = Page.parse(request.query);
    answer(request, response, await items.page(Number(after)));
  });
  return startWith(router);
};
