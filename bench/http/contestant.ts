import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Question, Usage } from './contestants/serve.ts';
import type { Answered, Job } from './load.ts';

/** What needs packages of its own, older than the others', and runs as it stands. */
const APART = join(import.meta.dirname, 'pbvision');

/** Cores. */
const SERVER = 0;
const LOAD = 1;

const canPin = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Prefix of a command that is to stay on one core, where the system can. */
const pinned = (core: number) => (canPin ? ['taskset', '-c', String(core)] : []);

/** A program of ours on a core of its own. Its log lines go through a pipe, as a container's do; its mistakes are shown. */
function start(core: number, parameters: string[]): ChildProcess {
  const reader = [...pinned(LOAD), 'cat'].join(' ');
  const command = [...pinned(core), process.execPath, ...parameters];
  const env = { ...process.env, NODE_ENV: 'production' };
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
  return spawn('sh', ['-c', `"$@" | ${reader} > /dev/null`, 'sh', ...command], { stdio: [...stdio], env });
}

async function ask<Answer>(child: ChildProcess, question: object | Question): Promise<Answer> {
  child.send(question);
  const [answer] = (await once(child, 'message')) as [Answer];
  return answer;
}

/** One server under test. */
export class Contestant {
  readonly name: string;
  readonly port: number;
  /** When its process was started. */
  readonly began: number;
  private readonly child: ChildProcess;

  private constructor(name: string, port: number, began: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.began = began;
    this.child = child;
  }

  static async start(folder: string, name: string): Promise<Contestant> {
    const began = performance.now();
    const module = join(name.startsWith('pbvision') ? APART : folder, `${name}.js`);
    const child = start(SERVER, [join(folder, 'serve.js'), module]);
    const exited = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`${name} ended with ${code}`)),
    );
    const [{ port }] = (await Promise.race([once(child, 'message'), exited])) as [{ port: number }];
    exited.catch(() => undefined);
    return new Contestant(name, port, began, child);
  }

  usage(): Promise<Usage> {
    return ask<Usage>(this.child, 'usage' satisfies Question);
  }

  startProfile(): Promise<object> {
    return ask<object>(this.child, 'startProfile' satisfies Question);
  }

  stopProfile<Profile>(): Promise<Profile> {
    return ask<Profile>(this.child, 'stopProfile' satisfies Question);
  }

  async stop(): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

/** Who sends, on the other core. */
export class Load {
  private readonly child = start(LOAD, [join(import.meta.dirname, 'load.ts')]);

  private sent: string[] | undefined;

  /** Ten thousand requests take a while to get there: they go once. */
  run({ requests, ...job }: Job): Promise<Answered> {
    const isKnown = this.sent === requests;
    this.sent = requests;
    return ask<Answered>(this.child, isKnown ? job : { ...job, requests });
  }

  async stop(): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}
