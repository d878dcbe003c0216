import type { FrameWriter } from './frame-writer.ts';
import { Code, Frame, MAX_FRAME_BYTES } from './protocol.ts';
import type { RequestHeaders } from './request-headers.ts';

/** Room for what is received: so much that few requests need more of it while they come in. */
export const STREAM_WINDOW = 1024 * 1024;

/** What a stream needs of its connection. */
export interface Carrier {
  /** Frames to be sent at the end of this turn. */
  readonly frames: FrameWriter;
  /** How many bytes of data may be sent now by any stream. */
  readonly room: number;
  /** Data was put into the frames. */
  sent(bytes: number): void;
  /** The stream has data for which there is no room: it is to be asked again. */
  wait(stream: Http2Stream): void;
  closed(stream: Http2Stream): void;
}

/** One request and its response. Its owner sets the callbacks that he wants. */
export class Http2Stream {
  readonly id: number;
  readonly headers: RequestHeaders;
  /** How much data the client takes of this stream. */
  window: number;
  isClosed = false;
  hasResponded = false;
  isRequestEnded = false;
  onData: (chunk: Buffer) => void = ignore;
  onEnd: () => void = ignore;
  /** What could not be sent at once has been sent. */
  onDrained: () => void = ignore;
  onClosed: () => void = ignore;
  readonly #carrier: Carrier;
  /** What came while the owner took nothing. */
  readonly #received: { data: Buffer; bytes: number }[] = [];
  #isPaused = false;
  #hasPassedEnd = false;
  /** Bytes received for which the client got no new room yet, and those of them that nobody has taken. */
  #unacknowledged = 0;
  #held = 0;
  readonly #queue: Buffer[] = [];
  #trailers: Buffer | undefined;

  constructor(id: number, headers: RequestHeaders, window: number, carrier: Carrier) {
    this.id = id;
    this.headers = headers;
    this.window = window;
    this.#carrier = carrier;
  }

  /** Sends the headers, as `encodeHeaders` makes them. */
  respond(headers: Buffer, isEnd = false): void {
    if (this.isClosed) return;
    this.hasResponded = true;
    this.#carrier.frames.headers(this.id, headers, isEnd);
    if (isEnd) this.#finish();
  }

  /** Returns whether all is sent; if not, `onDrained` tells when it is. */
  write(bytes: Buffer): boolean {
    if (this.isClosed) return true;
    if (bytes.length > 0) this.#queue.push(bytes);
    return this.#send();
  }

  /** Sends the trailers behind all that was written, and ends the response. */
  end(trailers: Buffer): void {
    if (this.isClosed) return;
    this.#trailers = trailers;
    this.#send();
  }

  /** There may be room again. */
  sendMore(): void {
    if (!this.isClosed && this.#send() && !this.isClosed) this.onDrained();
  }

  reset(code: Code): void {
    if (this.isClosed) return;
    this.#carrier.frames.reset(this.id, code);
    this.close();
  }

  /** Data of the request, if there is some. `bytes` is what flow control counts for it. */
  receive(data: Buffer, bytes: number, isEnd: boolean): void {
    this.isRequestEnded = isEnd;
    this.#unacknowledged += bytes;
    if (this.#unacknowledged > STREAM_WINDOW) return this.reset(Code.flowControlError);
    if (this.#isPaused) {
      this.#held += bytes;
      this.#received.push({ data, bytes });
      return;
    }
    if (data.length > 0) this.onData(data);
    this.#goOn();
  }

  /** Passes on nothing until `resume`; the client can send no more than there is room for. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    while (this.#received.length > 0 && !this.#isPaused && !this.isClosed) {
      const { data, bytes } = this.#received.shift()!;
      this.#held -= bytes;
      if (data.length > 0) this.onData(data);
    }
    this.#goOn();
  }

  /** Nothing more comes or goes. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#queue.length = 0;
    this.#received.length = 0;
    this.#carrier.closed(this);
    this.onClosed();
  }

  /** Everything that came has been taken, unless the owner takes nothing again. */
  #goOn(): void {
    if (this.isClosed || this.#isPaused) return;
    if (!this.isRequestEnded) this.#acknowledge();
    else if (!this.#hasPassedEnd) {
      this.#hasPassedEnd = true;
      this.onEnd();
    }
  }

  #acknowledge(): void {
    const taken = this.#unacknowledged - this.#held;
    if (taken * 2 < STREAM_WINDOW) return;
    this.#unacknowledged = this.#held;
    this.#carrier.frames.windowUpdate(this.id, taken);
  }

  #send(): boolean {
    while (this.#queue.length > 0) {
      const chunk = this.#queue[0]!;
      const bytes = Math.min(chunk.length, MAX_FRAME_BYTES, this.window, this.#carrier.room);
      if (bytes <= 0) {
        this.#carrier.wait(this);
        return false;
      }
      this.window -= bytes;
      const isWhole = bytes === chunk.length;
      this.#carrier.frames.frame(Frame.data, 0, this.id, isWhole ? chunk : chunk.subarray(0, bytes));
      if (isWhole) this.#queue.shift();
      else this.#queue[0] = chunk.subarray(bytes);
      this.#carrier.sent(bytes);
    }
    if (this.#trailers) {
      this.#carrier.frames.headers(this.id, this.#trailers, true);
      this.#finish();
    }
    return true;
  }

  /** A client that is still sending is told that nobody reads it. */
  #finish(): void {
    if (!this.isRequestEnded) this.#carrier.frames.reset(this.id, Code.noError);
    this.close();
  }
}

function ignore(): void {}
