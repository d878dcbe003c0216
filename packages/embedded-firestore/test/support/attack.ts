import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Firestore } from '@google-cloud/firestore';
import protobuf from 'protobufjs';
import type { Footprint } from './attacked-server.ts';
import './client.ts';

export const DATABASE = 'projects/attacked/databases/(default)';
export const ROOT = `${DATABASE}/documents`;

const require = createRequire(import.meta.url);
const descriptor = require('@google-cloud/firestore-api/build/protos/protos.json') as protobuf.INamespace;
const service = protobuf.Root.fromJSON(descriptor).lookupService('google.firestore.v1.Firestore');

export const METHODS = service.methodsArray.map(({ name }) => name);
/** Those that take one message. */
export const UNARY = service.methodsArray
  .filter(({ requestStream }) => !requestStream)
  .map(({ name }) => name);

/** A well-formed request, as Google's own description of the service encodes it. */
export function encoded(method: string, request: object): Uint8Array {
  const type = (service.methods[method]!.resolve() as protobuf.Method).resolvedRequestType!;
  return type.encode(type.fromObject(request)).finish();
}

export interface Attacked {
  port: number;
  db: Firestore;
  footprint(): Promise<Footprint>;
  /** Fails when the server has died or no longer answers. */
  requireAlive(): Promise<void>;
  /** Resolves to the exit code. */
  stop(): Promise<number | null>;
}

export async function startAttacked(): Promise<Attacked> {
  const script = join(import.meta.dirname, 'attacked-server.ts');
  const child = fork(script, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const db = new Firestore({ projectId: 'attacked', host: `127.0.0.1:${port}`, ssl: false });
  await db.doc('alive/yes').set({ n: 1 });
  return {
    port,
    db,
    async footprint() {
      child.send('footprint');
      return ((await once(child, 'message')) as [Footprint])[0];
    },
    async requireAlive() {
      if (child.exitCode !== null) throw new Error(`The server ended with code ${child.exitCode}.`);
      if ((await db.doc('alive/yes').get()).get('n') !== 1)
        throw new Error('The server has lost a document.');
    },
    async stop() {
      await db.terminate();
      const exited = once(child, 'exit') as Promise<[number | null]>;
      child.send('close');
      return (await exited)[0];
    },
  };
}
