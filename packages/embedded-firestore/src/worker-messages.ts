/** Where the server tells by HTTP which indexes the queries so far would need in production. */
export const INDEXES_PATH = '/embedded/v1/indexes';

export interface WorkerOptions {
  host: string;
  port: number;
  dataDirectory: string | undefined;
  indexes: 'strict' | 'off';
  indexFile: string | undefined;
}

export type FromWorker =
  { kind: 'ready'; port: number } | { kind: 'failed'; message: string } | { kind: 'closed' };
