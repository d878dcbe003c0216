import { Firestore } from 'firebase-admin/firestore';
import type { Setup } from './setup.js';

type Send = (method: string, ...rest: unknown[]) => unknown;

/** Notes the name of each call that the application's Firestore client makes, its round trips. */
export function recordRpcs({ app }: Setup): string[] {
  const calls: string[] = [];
  const client = app.get<unknown>(Firestore) as Record<'request' | 'requestStream', Send>;
  for (const name of ['request', 'requestStream'] as const) {
    const send: Send = client[name].bind(client);
    client[name] = (method, ...rest) => {
      calls.push(method);
      return send(method, ...rest);
    };
  }
  return calls;
}
