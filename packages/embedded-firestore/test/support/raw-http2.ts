import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface RawFrame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function http2Frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

export function settings(...pairs: [setting: number, value: number][]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([setting, value], at) => {
    payload.writeUInt16BE(setting, at * 6);
    payload.writeUInt32BE(value, at * 6 + 2);
  });
  return http2Frame(4, 0, 0, payload);
}

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A connection that keeps to no rule: it sends the bytes it is given, and shows the frames that come. */
export class RawConnection {
  readonly socket: Socket;
  readonly #frames: RawFrame[] = [];
  #rest: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk) => this.#take(chunk));
  }

  send(...bytes: Uint8Array[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** The next frame that is wanted; those before it are dropped. The connection may not end before. */
  async next(isWanted: (frame: RawFrame) => boolean): Promise<RawFrame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame && isWanted(frame)) return frame;
      if (frame) continue;
      if (this.socket.closed) throw new Error('The connection ended before.');
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
  }

  /** What the server has sent until it answers a ping, which it does after all else. */
  async sentUntilPing(): Promise<RawFrame[]> {
    this.send(http2Frame(6, 0, 0, Buffer.from('pingpong')));
    const sent: RawFrame[] = [];
    await this.next((frame) => {
      sent.push(frame);
      return frame.type === 6;
    });
    return sent.slice(0, -1);
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const rest = this.#rest;
      const end = rest.length >= 9 ? 9 + rest.readUIntBE(0, 3) : Infinity;
      if (end > rest.length) return;
      const stream = rest.readUInt32BE(5);
      this.#frames.push({ type: rest[3]!, flags: rest[4]!, stream, payload: rest.subarray(9, end) });
      this.#rest = rest.subarray(end);
    }
  }
}
