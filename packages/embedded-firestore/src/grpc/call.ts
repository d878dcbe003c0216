import { FirestoreError } from '../errors.ts';
import { encodeHeaders } from '../http2/frame-writer.ts';
import type { Http2Stream } from '../http2/stream.ts';
import { Deadlines } from './deadlines.ts';
import { ACCEPTED_ENCODINGS, checkEncoding, MessageReader } from './framing.ts';
import { deadlineExceeded, statusOf } from './status.ts';
import type { Status } from './status.ts';

const HEADERS = { ':status': '200', 'content-type': 'application/grpc' };
const STARTED = encodeHeaders(HEADERS);
const OK = encodeHeaders({ 'grpc-status': '0' });

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

const deadlines = new Deadlines();

/** One call of an RPC: an HTTP/2 stream of messages both ways, which ends with a status. */
export class Call {
  readonly #stream: Http2Stream;
  #hasEnded = false;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
  }

  /** Nothing more can be sent: it was answered, or the client has given up. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.#stream.isClosed;
  }

  /** Reads the messages of the client until it has no more. What `onMessage` and `onEnd` throw ends the call. */
  receive(onMessage: (bytes: Buffer) => void, onEnd: () => void): void {
    const stream = this.#stream;
    const encoding = stream.headers.get('grpc-encoding') ?? 'identity';
    this.#guarded(() => {
      checkEncoding(encoding);
      this.#noteDeadline();
      const reader = new MessageReader(encoding, onMessage);
      stream.onData = (chunk) => this.#guarded(() => reader.push(chunk));
      stream.onEnd = () =>
        this.#guarded(() => {
          reader.end();
          onEnd();
        });
    });
  }

  /** Takes no more messages until `resume`, but for those of the bytes that are being read. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Sends the headers; the first message would do so as well. */
  start(): void {
    if (!this.hasEnded && !this.#stream.hasResponded) this.#stream.respond(STARTED);
  }

  /** Sends messages. Returns whether the client takes them as fast: if not, `drained` says when it has. */
  write(frames: Buffer): boolean {
    if (this.hasEnded) return true;
    this.start();
    return this.#stream.write(frames);
  }

  /** Calls back each time that the client has taken what was sent. */
  onDrained(callback: () => void): void {
    this.#stream.onDrained = callback;
  }

  /** Calls back when nothing more can be sent, however that came. */
  onClosed(callback: () => void): void {
    this.#stream.onClosed = () => {
      deadlines.delete(this);
      callback();
    };
  }

  /** Resolves when a slow client has taken what was sent, or has gone. */
  drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.onDrained(resolve);
    this.onClosed(resolve);
    return promise;
  }

  /** Sends the last messages, if there are any, and the status that all went well. */
  end(frames?: Buffer): void {
    if (this.hasEnded) return;
    this.start();
    this.#hasEnded = true;
    if (frames) this.#stream.write(frames);
    this.#stream.end(OK);
  }

  /** Ends the call with the status of an error; without headers when none were sent before. */
  fail(error: unknown): void {
    this.#failWith(statusOf(error));
  }

  /** The deadline has passed. */
  expire(): void {
    this.#failWith(deadlineExceeded);
  }

  #failWith({ code, message }: Status): void {
    if (this.hasEnded) return;
    const status = { 'grpc-status': String(code), 'grpc-message': percentEncoded(message) };
    this.#hasEnded = true;
    if (this.#stream.hasResponded) this.#stream.end(encodeHeaders(status));
    else
      this.#stream.respond(
        encodeHeaders({ ...HEADERS, ...status, 'grpc-accept-encoding': ACCEPTED_ENCODINGS }),
        true,
      );
  }

  #noteDeadline(): void {
    const timeout = this.#stream.headers.get('grpc-timeout');
    if (timeout === undefined) return;
    const [, amount, unit] = TIMEOUT.exec(timeout) ?? [];
    if (unit === undefined) throw new FirestoreError('INTERNAL', `grpc-timeout "${timeout}" is no time.`);
    deadlines.add(this, Number(amount) * UNIT_MS[unit]!);
    this.#stream.onClosed = () => deadlines.delete(this);
  }

  #guarded(work: () => void): void {
    if (this.hasEnded) return;
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }
}

/** Of what a header cannot hold, and of the percent sign itself. */
function percentEncoded(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent)
    .replaceAll(/^ | $/g, '%20');
}
