/** One contestant in a process of its own: tells its port, then does what messages ask and answers them. */
import { Session } from 'node:inspector/promises';
import { pathToFileURL } from 'node:url';
import type { Start } from './data.js';

export interface Usage {
  /** CPU time of the process, in microseconds. */
  cpu: number;
  /** Resident memory, in MB. */
  memory: number;
}

const { start } = (await import(pathToFileURL(process.argv[2]!).href)) as { start: Start };
const port = await start();
process.send!({ port });
const session = new Session();
const answers = {
  usage: async (): Promise<Usage> => {
    const { user, system } = process.cpuUsage();
    return { cpu: user + system, memory: process.memoryUsage.rss() / 2 ** 20 };
  },
  startProfile: async () => {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    return session.post('Profiler.start');
  },
  stopProfile: async () => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return profile;
  },
};

export type Question = keyof typeof answers;

process.on('message', (question: Question) => {
  void answers[question]().then((answer) => process.send!(answer ?? {}));
});
process.on('disconnect', () => process.exit());
