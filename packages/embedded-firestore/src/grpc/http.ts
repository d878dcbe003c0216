import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Engine } from '../engine.ts';
import { INDEXES_PATH } from '../worker-messages.ts';

const RESET = /^\/emulator\/v1\/(projects\/[^/]+\/databases\/[^/]+)\/documents\/?$/;

/** The HTTP calls that test suites make: clearing a database, and asking whether the server is there. */
export async function answerHttp(
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = (status: number, body: object | string) => {
    response.writeHead(status, {
      'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
    });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  try {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const database = RESET.exec(path)?.[1];
    if (request.method === 'GET' && path === '/') answer(200, 'Ok\n');
    else if (request.method === 'GET' && path === INDEXES_PATH) answer(200, engine.requiredIndexes);
    else if (request.method !== 'DELETE' || !database)
      answer(404, { error: `Nothing answers ${request.method} ${path}.` });
    else {
      await engine.database(database).clear();
      answer(200, {});
    }
  } catch (error) {
    console.error('embedded-firestore: a database could not be cleared', error);
    answer(500, { error: 'The database could not be cleared.' });
  }
}
