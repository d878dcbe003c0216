/** One contestant in a process of its own: tells its port, then answers each message with what it has used so far. */
import type { Start } from './data.js';

export interface Usage {
  /** CPU time of the process, in microseconds. */
  cpu: number;
  /** Resident memory, in MB. */
  memory: number;
}

const { start } = (await import(`./${process.argv[2]}.js`)) as { start: Start };
const port = await start();
process.send!({ port });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const usage: Usage = { cpu: user + system, memory: process.memoryUsage.rss() / 2 ** 20 };
  process.send!(usage);
});
process.on('disconnect', () => process.exit());
