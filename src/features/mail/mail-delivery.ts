import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { FirestoreConnection } from '../../core/firestore/firestore-connection.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { Transactions } from '../../core/firestore/transactions.js';
import { Mail } from './mail.document.js';
import { MailTransport, type Message } from './mail-transport.js';

/**
 * Makes the message, inside the transaction that begins its delivery; undefined if there is nothing to send after all.
 * A repeated delivery calls it again, with the same `mailId`.
 */
export type Composer = (
  data: Readonly<Record<string, string>>,
  mailId: string,
) => Promise<Message | undefined>;

const MOST_ATTEMPTS = 10;
const AT_ONCE = 10;
const MINUTE = 60_000;
/** Finds what another instance has left behind, and what has to be tried again. */
const LOOK_EVERY_MILLISECONDS = MINUTE / 2;

/**
 * Sends what is in the outbox. To begin an attempt is to put off the next one, in a transaction: no two instances work
 * on one mail, and what a crashed one has begun is tried again.
 */
@Injectable()
export class MailDelivery implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Mail');
  private readonly composers = new Map<string, Composer>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isWanted = false;

  constructor(
    @InjectRepository(Mail) private readonly mails: Repository<Mail>,
    private readonly transactions: Transactions,
    private readonly transport: MailTransport,
    private readonly host: HttpAdapterHost,
    private readonly connection: FirestoreConnection,
  ) {}

  define(kind: string, composer: Composer): void {
    this.composers.set(kind, composer);
  }

  onApplicationBootstrap(): void {
    // A command only fills the outbox; a service without a transport does too, until it is configured.
    if (!this.host.httpAdapter || !this.transport.isConfigured) return;
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MILLISECONDS).unref();
    this.look();
  }

  /** Finishes what is being sent; the rest waits for the next start. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.running;
  }

  /** Sends what is due. Resolves when that is done, well or not: nobody needs to wait for it. */
  wake(): Promise<void> {
    if (!this.timer) return Promise.resolve();
    this.isWanted = true;
    return (this.running ??= this.sendAll());
  }

  /** Firestore is not loaded for this alone: what was left behind goes out as soon as the service has to do with data. */
  private look(): void {
    if (this.connection.isOpen) void this.wake();
  }

  private async sendAll(): Promise<void> {
    while (this.isWanted && this.timer) {
      this.isWanted = false;
      try {
        const due = await this.mails
          .query()
          .where('dueAt', '<=', new Date())
          .orderBy('dueAt')
          .limit(AT_ONCE)
          .find();
        await Promise.all(due.map(({ id }) => this.send(id)));
        this.isWanted ||= due.length === AT_ONCE;
      } catch (error) {
        this.logger.error('The outbox cannot be read; what is in it waits.', error);
      }
    }
    this.running = undefined;
  }

  private async send(id: string): Promise<void> {
    try {
      const message = await this.begin(id);
      if (message === 'not due') return;
      if (message) await this.transport.send(message, id);
      await this.transactions.run({ readOnly: false }, async () => this.mails.delete(id));
    } catch (error) {
      await this.fail(id, error as Error);
    }
  }

  /** @returns undefined if there is nothing to send */
  private begin(id: string): Promise<Message | undefined | 'not due'> {
    return this.transactions.run({ readOnly: false }, async () => {
      const mail = await this.mails.find(id);
      if (!mail?.dueAt || mail.dueAt.getTime() > Date.now()) return 'not due';
      mail.attempts += 1;
      mail.dueAt = mail.attempts < MOST_ATTEMPTS ? nextAttempt(mail.attempts) : undefined;
      const composer = this.composers.get(mail.kind);
      if (!composer) throw new Error(`Nobody has defined mail of the kind "${mail.kind}".`);
      return composer(mail.data, id);
    });
  }

  private async fail(id: string, error: Error): Promise<void> {
    const mail = await this.transactions.run({ readOnly: false }, async () => {
      const failed = await this.mails.find(id);
      if (!failed) return undefined;
      // Of an attempt that did not get as far as to put off the next one.
      if (failed.dueAt && failed.dueAt.getTime() <= Date.now()) {
        failed.attempts += 1;
        failed.dueAt = failed.attempts < MOST_ATTEMPTS ? nextAttempt(failed.attempts) : undefined;
      }
      failed.lastError = error.message.slice(0, 500);
      return failed;
    });
    if (!mail) return;
    const what = `Mail ${id} (${mail.kind}), attempt ${mail.attempts}: ${error.message}`;
    if (mail.dueAt) this.logger.warn(`${what}; the next at ${mail.dueAt.toISOString()}`);
    else this.logger.error(`${what}; given up`);
  }
}

/** After 1, 2, 4 ... minutes: longer than an attempt may take. Ten attempts take more than eight hours. */
function nextAttempt(attempts: number): Date {
  return new Date(Date.now() + MINUTE * 2 ** (attempts - 1));
}
