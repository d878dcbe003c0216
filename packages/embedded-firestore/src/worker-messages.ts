export interface WorkerOptions {
  host: string;
  port: number;
  dataDirectory: string | undefined;
}

export type FromWorker = { kind: 'ready'; port: number } | { kind: 'failed'; message: string } | { kind: 'closed' };
