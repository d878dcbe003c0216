import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { FirestoreConnection } from './firestore-connection.js';

const PATIENCE_MILLISECONDS = 2000;

/** Whether Firestore answers, for the readiness probe. */
@Injectable()
export class FirestoreHealth {
  private readonly logger = new Logger(FirestoreHealth.name);

  constructor(private readonly connection: FirestoreConnection) {}

  /** The first time it loads the client: where probes decide, no request waits for that. */
  async answers(): Promise<boolean> {
    const patience = new AbortController();
    try {
      return await Promise.race([
        this.read(),
        delay(PATIENCE_MILLISECONDS, false, { signal: patience.signal, ref: false }),
      ]);
    } finally {
      patience.abort();
    }
  }

  private async read(): Promise<boolean> {
    try {
      await this.connection.firestore.doc('health/ready').get();
      return true;
    } catch (error) {
      this.logger.warn(`Firestore does not answer: ${String(error)}`);
      return false;
    }
  }
}
