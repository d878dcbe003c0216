/** Express 5 with the middleware that most people put before it. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import compression from 'compression';
import cors from 'cors';
import express, { type NextFunction, type Request, type Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { pinoHttp } from 'pino-http';
import { z } from 'zod';
import {
  AUDIENCE,
  type Claims,
  ISSUER,
  LIMIT,
  ORDER_ID,
  PAGINATION,
  SECRET,
  type Start,
  USERS,
} from './data.js';

const Order = z.strictObject({
  title: z.string().min(1).max(100),
  email: z.email(),
  quantity: z.int().min(1).max(100),
  price: z.number().min(0),
  gift: z.boolean(),
});

interface Caller {
  id: string;
  role: string;
  session: string;
}

passport.use(
  new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: SECRET,
      issuer: ISSUER,
      audience: AUDIENCE,
    },
    ({ sub, role, sid }: Claims, done) => done(null, { id: sub, role, session: sid }),
  ),
);

const requireRole = (role: string) => (request: Request, response: Response, next: NextFunction) => {
  if ((request.user as Caller).role === role) next();
  else response.status(403).json({ success: false, error: { code: 'FORBIDDEN' } });
};

export function answer(request: Request, response: Response, data: unknown, further: object = {}): void {
  const meta = { requestId: request.id, timestamp: new Date().toISOString(), ...further };
  response.json({ success: true, data, meta });
}

function routes(): express.Router {
  const router = express.Router();
  router.get('/me', (request, response) => {
    const { id, role, session } = request.user as Caller;
    answer(request, response, { id, role, session });
  });
  router.post('/orders', (request, response) => {
    const order = Order.parse(request.body);
    answer(request, response.status(201), { ...order, id: ORDER_ID });
  });
  router.get('/users', (request, response) => {
    const users = USERS.map(({ passwordHash: _, ...user }) => user);
    answer(request, response, users, { pagination: PAGINATION });
  });
  return router;
}

/** These routes behind all that protects them. */
export async function startWith(routes: express.Router): Promise<number> {
  const app = express();
  app.set('trust proxy', 1);
  app.use(pinoHttp({ genReqId: () => randomUUID() }));
  app.use(helmet(), cors(), compression());
  app.use(rateLimit({ windowMs: 60_000, limit: LIMIT, standardHeaders: 'draft-8', legacyHeaders: false }));
  app.use(express.json());
  const authenticate = passport.authenticate('jwt', { session: false }) as express.RequestHandler;
  app.use('/api/v1/bench', authenticate, requireRole('user'), routes);
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

export const start: Start = () => startWith(routes());
