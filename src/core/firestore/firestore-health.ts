import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Firestore } from 'firebase-admin/firestore';

const PATIENCE_MILLISECONDS = 2000;

/** Whether Firestore answers, for the readiness probe. */
@Injectable()
export class FirestoreHealth {
  constructor(private readonly firestore: Firestore) {}

  async answers(): Promise<boolean> {
    const patience = new AbortController();
    const read = this.firestore.doc('health/ready').get();
    try {
      return await Promise.race([
        read.then(
          () => true,
          () => false,
        ),
        delay(PATIENCE_MILLISECONDS, false, { signal: patience.signal, ref: false }),
      ]);
    } finally {
      patience.abort();
    }
  }
}
