/** `memory` and `durable` run as the service runs them; `same-thread` is for measuring memory; `other` is the rival. */
export type Kind = 'memory' | 'durable' | 'same-thread' | 'other';

export type Question = 'memory' | 'cpu' | 'reset-delay' | 'delay' | 'stop';

export interface Answer {
  ready?: { address: string; milliseconds: number };
  /** Bytes in use after a full garbage collection. */
  memory?: number;
  /** CPU time of the process until now, in ms. */
  cpu?: number;
  /** p99 of the event-loop delay in ms since the last reset. */
  delay?: number;
}
