import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Firestore } from '@google-cloud/firestore';
import { BareClient } from './bare-client.ts';
import type { Answer, Kind, Question } from './messages.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';

/** An engine in a process of its own, and a client of it in this one. */
export class Subject {
  readonly kind: Kind;
  readonly #directory: string | undefined;
  #child!: ChildProcess;
  db!: Firestore;
  /** The same engine by a client that costs little. */
  bare!: BareClient;
  /** How long the engine took until it could be asked, in ms. */
  startedIn = 0;

  private constructor(kind: Kind) {
    this.kind = kind;
    this.#directory = kind === 'durable' ? mkdtempSync(join(tmpdir(), 'bench-engine-')) : undefined;
  }

  static async start(kind: Kind): Promise<Subject> {
    const subject = new Subject(kind);
    await subject.#start();
    return subject;
  }

  async ask(question: Question): Promise<Answer> {
    const answered = once(this.#child, 'message') as Promise<[Answer]>;
    this.#child.send(question);
    return (await answered)[0];
  }

  async restart(): Promise<void> {
    await this.#halt();
    await this.#start();
  }

  /** Ends an engine that is busy without waiting for it, and starts an empty one. */
  async replace(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
    // It would wait for what is under way, which the client goes on to try again.
    this.db.terminate().catch(() => undefined);
    this.bare.close();
    await this.#start();
  }

  async stop(): Promise<void> {
    await this.#halt();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true });
  }

  async #start(): Promise<void> {
    const parameters = [this.kind, ...(this.#directory === undefined ? [] : [this.#directory])];
    // The other engine prints what it does not know.
    const stdio = ['ignore', 'ignore', this.kind === 'other' ? 'ignore' : 'inherit', 'ipc'] as const;
    this.#child = fork(join(import.meta.dirname, 'server.ts'), parameters, {
      stdio: [...stdio],
      execArgv: [],
    });
    const [{ ready }] = (await once(this.#child, 'message')) as [Required<Answer>];
    this.startedIn = ready.milliseconds;
    const customHeaders = { Authorization: 'Bearer owner' };
    this.bare = new BareClient(ready.address);
    this.db = new Firestore({ projectId: 'bench', host: ready.address, ssl: false, customHeaders });
  }

  async #halt(): Promise<void> {
    await this.db.terminate();
    this.bare.close();
    const exited = once(this.#child, 'exit');
    await this.ask('stop');
    await exited;
  }
}
