import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../../src/index.ts';

// The client would otherwise look for the metadata server of a Google machine.
process.env['METADATA_SERVER_DETECTION'] = 'none';

// On a busy machine everything takes longer; what hangs is still found.
jest.setTimeout(30_000);

export interface Target {
  /** A client of a database of its own. */
  client(projectId?: string): Firestore;
  stop(): Promise<void>;
}

/** The server under test: that of FIRESTORE_EMULATOR_HOST when it is set, else an embedded one in memory. */
export async function startTarget(dataDirectory?: string): Promise<Target> {
  const outside = process.env['FIRESTORE_EMULATOR_HOST'];
  const server = outside
    ? undefined
    : await startEmbeddedFirestore(dataDirectory === undefined ? {} : { dataDirectory });
  const host = outside ?? server!.address;
  const clients: Firestore[] = [];
  return {
    client(projectId = `test-${randomUUID()}`) {
      const client = new Firestore({
        projectId,
        host,
        ssl: false,
        customHeaders: { Authorization: 'Bearer owner' },
      });
      clients.push(client);
      return client;
    },
    async stop() {
      // The server first: what it says of streams that have just been left reaches the clients while they are there.
      await server?.close();
      await Promise.all(clients.map((client) => client.terminate()));
    },
  };
}

/** `projects/p/databases/d`, known once the client has made a request. */
export function databaseName(client: Firestore): string {
  return (client as unknown as { formattedName: string }).formattedName;
}

/** The gRPC status of the error that a promise fails with. */
export async function statusOf(promise: Promise<unknown>): Promise<number | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return (error as { code?: number }).code;
  }
}

export const Status = {
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
} as const;
