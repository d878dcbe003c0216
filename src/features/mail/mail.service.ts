import { Injectable } from '@nestjs/common';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { Transactions } from '../../core/firestore/transactions.js';
import { Mail } from './mail.document.js';
import { type Composer, MailDelivery } from './mail-delivery.js';

export type { Composer } from './mail-delivery.js';

const DAY = 24 * 60 * 60 * 1000;
const LIFE_MILLISECONDS = 7 * DAY;

/** Mail that goes out if and only if what it is about was committed. */
@Injectable()
export class MailService {
  constructor(
    @InjectRepository(Mail) private readonly mails: Repository<Mail>,
    private readonly delivery: MailDelivery,
    private readonly transactions: Transactions,
  ) {}

  /** Says how mail of one kind is made; once per kind, when the application starts. */
  define(kind: string, composer: Composer): void {
    this.delivery.define(kind, composer);
  }

  /**
   * Puts mail into the outbox, in the running writing transaction. It is sent after the commit, at least once.
   * @param data what the composer needs to know; it is stored, so no secrets
   */
  enqueue(kind: string, data: Record<string, string>): void {
    const now = Date.now();
    this.mails.create({ kind, data, dueAt: new Date(now), expiresAt: new Date(now + LIFE_MILLISECONDS) });
    this.transactions.afterCommit(() => void this.delivery.wake());
  }
}
