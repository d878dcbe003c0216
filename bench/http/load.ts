/**
 * The load, in a process of its own: a number of connections, each with one request under way, for a time. Requests are
 * made before they are sent, and answers are only measured out, so that this side costs little.
 */
import { connect, type Socket } from 'node:net';

export interface Job {
  port: number;
  /** Complete requests, of which each connection takes the next one in turn; absent for the same ones again. */
  requests?: string[];
  connections: number;
  /** It ends after so many answers, or so many milliseconds. */
  answers: number;
  milliseconds: number;
}

export interface Answered {
  answers: number;
  /** Answers with a status other than 2xx. */
  failures: number;
  seconds: number;
}

let bytes: Buffer[] = [];
let next = 0;

process.on('message', (job: Job) => {
  void run(job).then((answered) => process.send!(answered));
});
process.on('disconnect', () => process.exit());

async function run({ port, requests, connections, answers, milliseconds }: Job): Promise<Answered> {
  if (requests) bytes = requests.map((request) => Buffer.from(request));
  const answered: Answered = { answers: 0, failures: 0, seconds: 0 };
  const take = () => bytes[next++ % bytes.length]!;
  const sockets = Array.from({ length: connections }, () =>
    connect({ port, host: '127.0.0.1', noDelay: true }),
  );
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const count = () => {
      answered.answers += 1;
      if (answered.answers < answers) return;
      clearTimeout(timer);
      resolve();
    };
    for (const socket of sockets) converse(socket, take, answered, count);
  });
  const seconds = (performance.now() - start) / 1000;
  const result = { ...answered, seconds };
  for (const socket of sockets) socket.destroy();
  return result;
}

function converse(socket: Socket, take: () => Buffer, answered: Answered, count: () => void): void {
  let missing = 0;
  socket.on('error', () => (answered.failures += 1));
  socket.on('data', (chunk: Buffer) => {
    if (missing === 0) missing = lengthOf(chunk, answered);
    missing -= chunk.length;
    if (missing > 0) return;
    missing = 0;
    count();
    socket.write(take());
  });
  socket.write(take());
}

/** Of the whole answer. Headers arrive in one piece, as servers write them. */
function lengthOf(chunk: Buffer, answered: Answered): number {
  const end = chunk.indexOf('\r\n\r\n');
  const head = chunk.toString('latin1', 0, end);
  const length = /\r\ncontent-length: (\d+)/i.exec(head);
  if (end < 0 || !length) throw new Error(`No length of the answer in: ${head}`);
  if (!head.startsWith('HTTP/1.1 2')) answered.failures += 1;
  return end + 4 + Number(length[1]);
}
