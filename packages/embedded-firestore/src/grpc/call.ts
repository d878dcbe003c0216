import { constants } from 'node:http2';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { FirestoreError } from '../errors.ts';
import { Deadlines } from './deadlines.ts';
import { ACCEPTED_ENCODINGS, checkEncoding, MessageReader } from './framing.ts';
import { deadlineExceeded, statusOf } from './status.ts';
import type { Status } from './status.ts';

const HEADERS: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' };
// Nobody asks a server on loopback what day it is.
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false };
const WITHOUT_BODY = { endStream: true, sendDate: false };
const OK: OutgoingHttpHeaders = { 'grpc-status': '0' };

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

const deadlines = new Deadlines();

/** One call of an RPC: an HTTP/2 stream of messages both ways, which ends with a status. */
export class Call {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  #trailers = OK;
  #hasEnded = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.#headers = headers;
  }

  /** Nothing more can be sent: it was answered, or the client has given up. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.#stream.closed || this.#stream.destroyed;
  }

  /** Reads the messages of the client until it has no more. What `onMessage` and `onEnd` throw ends the call. */
  receive(onMessage: (bytes: Buffer) => void, onEnd: () => void): void {
    const encoding = this.#headers['grpc-encoding'] ?? 'identity';
    this.#guarded(() => {
      checkEncoding(String(encoding));
      this.#noteDeadline();
      const reader = new MessageReader(String(encoding), onMessage);
      this.#stream.on('data', (chunk: Buffer) => this.#guarded(() => reader.push(chunk)));
      this.#stream.on('end', () =>
        this.#guarded(() => {
          reader.end();
          onEnd();
        }),
      );
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
    const stream = this.#stream;
    if (this.hasEnded || stream.headersSent) return;
    stream.respond(HEADERS, WITH_TRAILERS);
    stream.on('wantTrailers', () => {
      stream.sendTrailers(this.#trailers);
      this.#letGo();
    });
  }

  /** Sends messages. Returns whether the client takes them as fast: if not, `drained` says when it has. */
  write(frames: Buffer): boolean {
    if (this.hasEnded) return true;
    this.start();
    return this.#stream.write(frames);
  }

  /** Calls back each time that the client has taken what was sent. */
  onDrained(callback: () => void): void {
    this.#stream.on('drain', callback);
  }

  /** Calls back when nothing more can be sent, however that came. */
  onClosed(callback: () => void): void {
    this.#stream.on('close', callback);
  }

  /** Resolves when a slow client has taken what was sent, or has gone. */
  async drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stream.on('drain', resolve).on('close', resolve);
    await promise;
    this.#stream.off('drain', resolve).off('close', resolve);
  }

  /** Sends the last messages, if there are any, and the status that all went well. */
  end(frames?: Buffer): void {
    if (this.hasEnded) return;
    this.start();
    this.#finish();
    if (frames) this.#stream.end(frames);
    else this.#stream.end();
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
    this.#trailers = { 'grpc-status': String(code), 'grpc-message': percentEncoded(message) };
    this.#finish();
    if (this.#stream.headersSent) {
      this.#stream.end();
      return;
    }
    this.#stream.respond(
      { ...HEADERS, ...this.#trailers, 'grpc-accept-encoding': ACCEPTED_ENCODINGS },
      WITHOUT_BODY,
    );
    this.#letGo();
  }

  #finish(): void {
    this.#hasEnded = true;
    deadlines.delete(this);
  }

  /** A client that is still sending is told that nobody reads it; what has been answered reaches it before. */
  #letGo(): void {
    const stream = this.#stream;
    if (!stream.readableEnded) setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  #noteDeadline(): void {
    const timeout = this.#headers['grpc-timeout'];
    if (timeout === undefined) return;
    const [, amount, unit] = TIMEOUT.exec(String(timeout)) ?? [];
    if (unit === undefined)
      throw new FirestoreError('INTERNAL', `grpc-timeout "${String(timeout)}" is no time.`);
    deadlines.add(this, Number(amount) * UNIT_MS[unit]!);
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
