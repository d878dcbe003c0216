import type { Socket } from 'node:net';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { HeaderDecoder } from './header-decoder.ts';
import {
  Code,
  ConnectionError,
  DEFAULT_WINDOW,
  Flag,
  Frame,
  MAX_FRAME_BYTES,
  MAX_WINDOW,
  requireThat,
  Setting,
} from './protocol.ts';
import { MAX_HEADER_LIST_BYTES, RequestHeaders } from './request-headers.ts';
import { Http2Stream, STREAM_WINDOW } from './stream.ts';
import type { Carrier } from './stream.ts';

/** More of them wait in the client; it is ten times what Google's servers allow. */
const MAX_STREAMS = 1_000;
/** Room for what is received by all streams; each has its own besides. */
const CONNECTION_WINDOW = 16 * 1024 * 1024;
const SENT_AT_ONCE = 65_536;
/** With so much that it has not taken, a client is not read: it could go on asking without end. */
const MAX_UNSENT = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * The server's side of an HTTP/2 connection (RFC 9113). What is sent within one turn goes out in one write, which is
 * most of what makes it cheaper than Node's own: that needs a second one, a turn later, for the trailers.
 */
export class Http2Connection implements Carrier {
  readonly #socket: Socket;
  readonly #onStream: (stream: Http2Stream) => void;
  readonly #reader = new FrameReader((...frame) => this.#frame(...frame));
  readonly #decoder = new HeaderDecoder();
  readonly #frames = new FrameWriter();
  readonly #streams = new Map<number, Http2Stream>();
  readonly #waiting = new Set<Http2Stream>();
  #lastStream = 0;
  #isClosing = false;
  #isOver = false;
  #isFlushDue = false;
  /** The socket has enough for now. */
  #isFull = false;
  #window = DEFAULT_WINDOW;
  #streamWindow = DEFAULT_WINDOW;
  #unacknowledged = 0;
  readonly #flushLater = () => this.#flush();

  constructor(socket: Socket, onStream: (stream: Http2Stream) => void) {
    this.#socket = socket;
    this.#onStream = onStream;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('close', () => this.#over());
    this.frames.settings({
      maxConcurrentStreams: MAX_STREAMS,
      initialWindowSize: STREAM_WINDOW,
      maxHeaderListSize: MAX_HEADER_LIST_BYTES,
    });
    this.frames.windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW);
  }

  get frames(): FrameWriter {
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      // Behind all answers to what came together. Ticks in place of it would cost a twentieth of a call.
      setImmediate(this.#flushLater);
    }
    return this.#frames;
  }

  get room(): number {
    return this.#isFull ? 0 : this.#window;
  }

  sent(bytes: number): void {
    this.#window -= bytes;
    if (this.#frames.length >= SENT_AT_ONCE) this.#flush();
  }

  wait(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  closed(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    if (this.#isClosing && this.#streams.size === 0) this.#leave();
  }

  /** Takes no more requests, and ends when those under way are answered. */
  close(): void {
    if (this.#isOver || this.#isClosing) return;
    this.#isClosing = true;
    this.frames.goaway(this.#lastStream, Code.noError);
    if (this.#streams.size === 0) this.#leave();
  }

  #receive(chunk: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.frames.goaway(this.#lastStream, error.code);
      this.#leave();
    }
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer, length: number): void {
    switch (type) {
      case Frame.data:
        return this.#data(stream, flags, payload, length);
      case Frame.headers:
        return this.#headers(stream, flags, payload);
      case Frame.priority:
        return this.#priority(stream, payload);
      case Frame.reset:
        requireSize(payload, 4);
        this.#requireKnown(stream);
        return this.#streams.get(stream)?.close();
      case Frame.settings:
        requireThat(stream === 0, 'settings are of the connection');
        return this.#settings(flags, payload);
      case Frame.pushPromise:
        return requireThat(false, 'clients push nothing');
      case Frame.ping:
        requireThat(stream === 0, 'a ping is of the connection');
        requireSize(payload, 8);
        if (!(flags & Flag.ack)) this.frames.frame(Frame.ping, Flag.ack, 0, payload);
        return;
      case Frame.goaway:
        return requireThat(stream === 0, 'the end is of the connection');
      case Frame.windowUpdate:
        return this.#windowUpdate(stream, payload);
      default:
      // Of an extension that is not known here.
    }
  }

  #data(id: number, flags: number, data: Buffer, bytes: number): void {
    this.#requireKnown(id);
    this.#unacknowledged += bytes;
    if (this.#unacknowledged * 2 >= CONNECTION_WINDOW) {
      this.frames.windowUpdate(0, this.#unacknowledged);
      this.#unacknowledged = 0;
    }
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (stream.isRequestEnded) return stream.reset(Code.streamClosed);
    stream.receive(data, bytes, (flags & Flag.endStream) !== 0);
  }

  #headers(id: number, flags: number, block: Buffer): void {
    requireThat(id % 2 === 1, 'clients open streams of odd numbers');
    const isEnd = (flags & Flag.endStream) !== 0;
    // Read even if nobody wants them: later headers may refer to them.
    const headers = new RequestHeaders();
    this.#decoder.decode(block, (name, value) => headers.add(name, value));
    const stream = this.#streams.get(id);
    if (stream) endRequest(stream, isEnd);
    else if (id > this.#lastStream) this.#open(id, isEnd, headers);
  }

  #open(id: number, isEnd: boolean, headers: RequestHeaders): void {
    this.#lastStream = id;
    if (this.#isClosing || this.#streams.size >= MAX_STREAMS)
      return this.frames.reset(id, Code.refusedStream);
    if (headers.isTooLarge) return this.frames.reset(id, Code.enhanceYourCalm);
    if (headers.isMalformed) return this.frames.reset(id, Code.protocolError);
    const stream = new Http2Stream(id, headers, this.#streamWindow, this);
    this.#streams.set(id, stream);
    stream.isRequestEnded = isEnd;
    this.#onStream(stream);
    if (isEnd) stream.receive(NOTHING, 0, true);
  }

  #priority(stream: number, payload: Buffer): void {
    requireThat(stream !== 0, 'a priority is of a stream');
    requireSize(payload, 5);
  }

  #settings(flags: number, payload: Buffer): void {
    if (flags & Flag.ack) return requireSize(payload, 0);
    if (payload.length % 6 !== 0) throw new ConnectionError(Code.frameSizeError, 'half a setting');
    for (let at = 0; at < payload.length; at += 6)
      this.#setting(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    this.frames.frame(Frame.settings, Flag.ack, 0, NOTHING);
    this.#sendWaiting();
  }

  #setting(setting: number, value: number): void {
    if (setting === Setting.enablePush) requireThat(value <= 1, 'push is on or off');
    if (setting === Setting.maxFrameSize)
      requireThat(value >= MAX_FRAME_BYTES && value < 2 ** 24, 'frames may not be so small or so large');
    if (setting !== Setting.initialWindowSize) return;
    const change = value - this.#streamWindow;
    this.#streamWindow = value;
    const windows = [value, ...[...this.#streams.values()].map((stream) => (stream.window += change))];
    if (windows.some((window) => window > MAX_WINDOW))
      throw new ConnectionError(Code.flowControlError, 'a window larger than windows can be');
  }

  #windowUpdate(id: number, payload: Buffer): void {
    requireSize(payload, 4);
    const bytes = payload.readUInt32BE() & 0x7fffffff;
    if (id === 0) {
      requireThat(bytes > 0, 'no room more');
      this.#window += bytes;
      if (this.#window > MAX_WINDOW) throw new ConnectionError(Code.flowControlError, 'too much room');
      return this.#sendWaiting();
    }
    this.#requireKnown(id);
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (bytes === 0) return stream.reset(Code.protocolError);
    stream.window += bytes;
    if (stream.window > MAX_WINDOW) return stream.reset(Code.flowControlError);
    if (this.#waiting.delete(stream)) stream.sendMore();
  }

  #requireKnown(stream: number): void {
    requireThat(stream > 0 && stream <= this.#lastStream, 'there was no such stream');
  }

  /** Who finds no room again waits behind the others. */
  #sendWaiting(): void {
    for (const stream of [...this.#waiting]) {
      this.#waiting.delete(stream);
      stream.sendMore();
    }
  }

  #drained(): void {
    this.#isFull = false;
    this.#sendWaiting();
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  #flush(): void {
    this.#isFlushDue = false;
    if (this.#frames.length === 0) return;
    const frames = this.#frames.take();
    if (!this.#socket.writable) return;
    this.#isFull = !this.#socket.write(frames);
    if (this.#socket.writableLength > MAX_UNSENT) this.#socket.pause();
  }

  /** Sends what is left and hangs up. */
  #leave(): void {
    if (this.#isOver) return;
    this.#flush();
    this.#socket.destroySoon();
    this.#over();
  }

  #over(): void {
    this.#isOver = true;
    this.#reader.stop();
    for (const stream of [...this.#streams.values()]) stream.close();
  }
}

/** Trailers of a request, or headers in the middle of it, which there cannot be. */
function endRequest(stream: Http2Stream, isEnd: boolean): void {
  if (stream.isRequestEnded) stream.reset(Code.streamClosed);
  else if (isEnd) stream.receive(NOTHING, 0, true);
  else stream.reset(Code.protocolError);
}

function requireSize(payload: Buffer, bytes: number): void {
  if (payload.length !== bytes) throw new ConnectionError(Code.frameSizeError, `not of ${bytes} bytes`);
}
