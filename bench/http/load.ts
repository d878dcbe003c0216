/**
 * The load, in a process of its own: a number of connections, each with one request under way, for a time. Requests are
 * made before they are sent, and answers are only measured out, so that this side costs little. Connections stay open
 * from one round to the next: how fast a server accepts them is not what is measured.
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
/** By the port they lead to. */
const open = new Map<number, Connection[]>();

process.on('message', (job: Job) => {
  void run(job).then((answered) => process.send!(answered));
});
process.on('disconnect', () => process.exit());

async function run({ port, requests, connections, answers, milliseconds }: Job): Promise<Answered> {
  if (requests) bytes = requests.map((request) => Buffer.from(request));
  const usable = open.get(port)?.filter(({ isOpen }) => isOpen) ?? [];
  while (usable.length < connections) usable.push(new Connection(port));
  open.set(port, usable);
  const answered: Answered = { answers: 0, failures: 0, seconds: 0 };
  let rest = answers;
  const start = performance.now();
  const timer = setTimeout(() => (rest = 0), milliseconds);
  const converse = async (connection: Connection) => {
    while (rest-- > 0) {
      if (!(await connection.ask(bytes[next++ % bytes.length]!))) answered.failures += 1;
      answered.answers += 1;
    }
  };
  const sleep = stayAwake();
  await Promise.all(usable.map(converse));
  sleep();
  clearTimeout(timer);
  return { ...answered, seconds: (performance.now() - start) / 1000 };
}

/**
 * Keeps this core from going to sleep while servers are asked: each answer would have to wake it, which costs the server
 * that sends it 20 to 40 µs where cores are virtual, as much as some of them need for the whole request.
 * @returns what ends it
 */
function stayAwake(): () => void {
  let isAwake = true;
  const turn = () => {
    if (isAwake) setImmediate(turn);
  };
  turn();
  return () => (isAwake = false);
}

class Connection {
  isOpen = true;
  private readonly socket: Socket;
  private missing = 0;
  private isSuccess = false;
  private settle: (isSuccess: boolean) => void = () => undefined;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('close', () => this.end()).on('error', () => this.end());
    this.socket.on('data', (chunk: Buffer) => this.read(chunk));
  }

  /** Whether the answer was a success. */
  ask(request: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.settle = resolve;
      this.socket.write(request);
    });
  }

  private read(chunk: Buffer): void {
    if (this.missing === 0) this.begin(chunk);
    this.missing -= chunk.length;
    if (this.missing === 0) this.settle(this.isSuccess);
  }

  private end(): void {
    this.isOpen = false;
    this.settle(false);
  }

  /** Headers arrive in one piece, as servers write them. */
  private begin(chunk: Buffer): void {
    const end = chunk.indexOf('\r\n\r\n');
    const head = chunk.toString('latin1', 0, end);
    const length = /\r\ncontent-length: (\d+)/i.exec(head);
    if (end < 0 || !length) throw new Error(`No length of the answer in: ${head}`);
    this.isSuccess = head.startsWith('HTTP/1.1 2');
    this.missing = end + 4 + Number(length[1]);
  }
}
