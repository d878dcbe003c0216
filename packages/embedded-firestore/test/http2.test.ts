import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { IncomingHttpHeaders } from 'node:http2';
import { encodeHeaders } from '../src/http2/frame-writer.ts';
import { HeaderDecoder } from '../src/http2/header-decoder.ts';
import { startEmbeddedFirestore } from '../src/index.ts';
import type { EmbeddedFirestore } from '../src/index.ts';
import { DATABASE, encoded, ROOT } from './support/attack.ts';
import { frame as message } from './support/raw-grpc.ts';
import { http2Frame as frame, number, PREFACE, RawConnection, settings } from './support/raw-http2.ts';

/* RFC 9113 and RFC 7541, where no client known to us goes. */

const [DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
];
const [END_STREAM, END_HEADERS, PADDED, PRIORITIZED] = [1, 4, 8, 32];
const Code = {
  protocol: 1,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refused: 7,
  compression: 9,
  calm: 11,
};

const REQUEST = {
  ':method': 'POST',
  ':scheme': 'http',
  ':path': '/google.firestore.v1.Firestore/BatchGetDocuments',
  'content-type': 'application/grpc',
};
const head = encodeHeaders(REQUEST);
const body = message(encoded('BatchGetDocuments', { database: DATABASE, documents: [`${ROOT}/c/none`] }));

let server: EmbeddedFirestore;
let raw: RawConnection;
beforeAll(async () => {
  server = await startEmbeddedFirestore();
});
beforeEach(() => {
  raw = new RawConnection(server.port);
});
afterEach(() => {
  raw.socket.destroy();
});
afterAll(() => server.close());

/** A call of one message, answered with one and the status 0. */
function call(stream: number): Buffer {
  return Buffer.concat([frame(HEADERS, END_HEADERS, stream, head), frame(DATA, END_STREAM, stream, body)]);
}

async function expectAnswer(stream: number): Promise<void> {
  const { flags, payload } = await raw.next(
    (sent) => sent.stream === stream && (sent.flags & END_STREAM) !== 0,
  );
  expect([flags, payload.toString('latin1')]).toEqual([END_STREAM | END_HEADERS, '\0\x0bgrpc-status\x010']);
}

describe('a connection', () => {
  beforeEach(() => raw.send(PREFACE, settings()));

  it('answers a call in one piece, its end included', async () => {
    await raw.sentUntilPing();
    const chunks: Buffer[] = [];
    raw.socket.on('data', (chunk) => chunks.push(chunk));
    raw.send(call(1));
    await expectAnswer(1);
    expect(chunks).toHaveLength(1);
  });

  it('takes bytes one by one', async () => {
    raw.socket.setNoDelay(true);
    for (const byte of call(1)) raw.send(Buffer.of(byte));
    await expectAnswer(1);
  });

  it('passes over what it does not know, and over priorities', async () => {
    raw.send(
      frame(0x7f, 0xff, 3, Buffer.from('new')),
      settings([0x7f, 1]),
      frame(PRIORITY, 0, 1, Buffer.alloc(5)),
    );
    raw.send(frame(GOAWAY, 0, 0, Buffer.alloc(8)), call(1));
    await expectAnswer(1);
  });

  it('takes headers in pieces, with padding and a priority', async () => {
    const first = Buffer.concat([Buffer.of(3), Buffer.alloc(5), head.subarray(0, 7), Buffer.alloc(3)]);
    raw.send(
      frame(HEADERS, PADDED | PRIORITIZED, 1, first),
      frame(CONTINUATION, 0, 1, head.subarray(7, 9)),
      frame(CONTINUATION, END_HEADERS, 1, head.subarray(9)),
      frame(DATA, PADDED, 1, Buffer.concat([Buffer.of(2), body, Buffer.alloc(2)])),
      frame(DATA, END_STREAM, 1),
    );
    await expectAnswer(1);
  });

  it('takes trailers of a request as its end', async () => {
    raw.send(frame(HEADERS, END_HEADERS, 1, head), frame(DATA, 0, 1, body));
    raw.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, encodeHeaders({ 'x-checksum': '1' })));
    await expectAnswer(1);
  });

  it('sends no more than there is room for, in the order in which it was asked', async () => {
    raw.send(settings([4, 0]), call(1));
    const before = await raw.sentUntilPing();
    expect(before.filter(({ stream }) => stream === 1).map(({ type }) => type)).toEqual([HEADERS]);
    raw.send(frame(WINDOW, 0, 1, number(10)));
    expect((await raw.next(({ type }) => type === DATA)).payload).toHaveLength(10);
    raw.send(settings([4, 5]));
    expect((await raw.next(({ type }) => type === DATA)).payload).toHaveLength(5);
    raw.send(settings([4, 0]), settings([4, 1_000]));
    await expectAnswer(1);
  });

  it('gives new room for what it has received', async () => {
    const half = 512 * 1024;
    raw.send(frame(HEADERS, END_HEADERS, 1, head));
    raw.send(frame(DATA, 0, 1, message(Buffer.alloc(0), { length: 9_000_000 })));
    for (let sent = 0; sent < half; sent += 16_384) raw.send(frame(DATA, 0, 1, Buffer.alloc(16_384)));
    const { payload } = await raw.next(({ type, stream }) => type === WINDOW && stream === 1);
    expect(payload.readUInt32BE()).toBeGreaterThanOrEqual(half);
  });

  it('forgets a call that is reset, and what still comes of it', async () => {
    raw.send(
      frame(HEADERS, END_HEADERS, 1, head),
      frame(RESET, 0, 1, number(8)),
      frame(DATA, END_STREAM, 1, body),
    );
    expect((await raw.sentUntilPing()).filter(({ stream }) => stream === 1)).toEqual([]);
    raw.send(call(3));
    await expectAnswer(3);
  });

  it('refuses more calls at once than it has said', async () => {
    for (let at = 0; at <= 1_000; at++) raw.send(frame(HEADERS, END_HEADERS, 2 * at + 1, head));
    expect(await raw.next(({ type }) => type === RESET)).toMatchObject({
      stream: 2_001,
      payload: number(Code.refused),
    });
  });
});

describe('only the call ends', () => {
  const withHeaders = (headers: Record<string, string>) =>
    frame(HEADERS, END_HEADERS, 1, encodeHeaders(headers));
  const { ':path': _, ...pathless } = REQUEST;

  it.each([
    ['that has no path', [withHeaders(pathless)], Code.protocol],
    ['that has a path twice', [frame(HEADERS, END_HEADERS, 1, Buffer.concat([head, head]))], Code.protocol],
    ['whose path comes late', [withHeaders({ 'x-a': '1', ...REQUEST })], Code.protocol],
    ['with an unknown pseudo-header', [withHeaders({ ':status': '200', ...REQUEST })], Code.protocol],
    ['with a header of the connection', [withHeaders({ ...REQUEST, connection: 'close' })], Code.protocol],
    ['with another te than trailers', [withHeaders({ ...REQUEST, te: 'gzip' })], Code.protocol],
    [
      'with headers that are small only as they are sent',
      [
        frame(
          HEADERS,
          END_HEADERS,
          1,
          Buffer.concat([head, literal('x-large', 'y'.repeat(3_000)), Buffer.alloc(30, 0xbe)]),
        ),
      ],
      Code.calm,
    ],
    ['that is given no room', [settings([4, 0]), call(1), frame(WINDOW, 0, 1, number(0))], Code.protocol],
    [
      'that is given too much room',
      [settings([4, 1]), call(1), frame(WINDOW, 0, 1, number(2 ** 31 - 1))],
      Code.flowControl,
    ],
    [
      'of which data comes behind its end',
      [settings([4, 0]), call(1), frame(DATA, 0, 1, body)],
      Code.streamClosed,
    ],
    ['with headers in the middle', [withHeaders(REQUEST), withHeaders({ 'x-a': '1' })], Code.protocol],
  ])('%s', async (_name, frames, code) => {
    raw.send(PREFACE, settings(), ...frames);
    const sent = await raw.sentUntilPing();
    expect(sent.filter(({ type }) => type === RESET)).toMatchObject([{ stream: 1, payload: number(code) }]);
    expect(sent.filter(({ type }) => type === GOAWAY)).toEqual([]);
  });
});

describe('the connection ends', () => {
  const block = (...bytes: number[]) => [settings(), frame(HEADERS, END_HEADERS, 1, Buffer.from(bytes))];

  it.each([
    ['when a ping comes before the settings', [frame(PING, 0, 0, Buffer.alloc(8))], Code.protocol],
    ['by a frame that is too large', [settings(), frame(DATA, 0, 1, Buffer.alloc(16_385))], Code.frameSize],
    ['by data of no stream', [settings(), frame(DATA, 0, 0, body)], Code.protocol],
    ['by data of a stream that is none yet', [settings(), frame(DATA, 0, 1, body)], Code.protocol],
    ['by a reset of a stream that is none yet', [settings(), frame(RESET, 0, 1, number(0))], Code.protocol],
    ['by room for a stream that is none yet', [settings(), frame(WINDOW, 0, 1, number(1))], Code.protocol],
    ['by a stream of an even number', [settings(), frame(HEADERS, END_HEADERS, 2, head)], Code.protocol],
    ['by a push', [settings(), frame(PUSH, END_HEADERS, 1, head)], Code.protocol],
    ['by a continuation of nothing', [settings(), frame(CONTINUATION, END_HEADERS, 1, head)], Code.protocol],
    [
      'by something within headers',
      [settings(), frame(HEADERS, 0, 1, head), frame(PING, 0, 0, Buffer.alloc(8))],
      Code.protocol,
    ],
    [
      'by continuations without end',
      [
        settings(),
        frame(HEADERS, 0, 1, head),
        ...Array.from({ length: 9 }, () => frame(CONTINUATION, 0, 1, Buffer.alloc(8_192))),
      ],
      Code.calm,
    ],
    [
      'by empty continuations without end',
      [
        settings(),
        frame(HEADERS, 0, 1, head),
        ...Array.from({ length: 64 }, () => frame(CONTINUATION, 0, 1)),
      ],
      Code.calm,
    ],
    [
      'by more padding than there is',
      [settings(), frame(HEADERS, END_HEADERS | PADDED, 1, Buffer.of(9, 1))],
      Code.protocol,
    ],
    ['by a short priority', [settings(), frame(PRIORITY, 0, 1, Buffer.alloc(4))], Code.frameSize],
    ['by a short ping', [settings(), frame(PING, 0, 0, Buffer.alloc(7))], Code.frameSize],
    ['by half a setting', [settings(), frame(SETTINGS, 0, 0, Buffer.alloc(5))], Code.frameSize],
    ['by settings of a stream', [frame(SETTINGS, 0, 1)], Code.protocol],
    [
      'by an acknowledgement that says something',
      [settings(), frame(SETTINGS, 1, 0, Buffer.alloc(6))],
      Code.frameSize,
    ],
    ['by push neither on nor off', [settings([2, 2])], Code.protocol],
    ['by a window beyond all', [settings([4, 2 ** 31])], Code.flowControl],
    ['by frames smaller than allowed', [settings([5, 16_383])], Code.protocol],
    ['by no room', [settings(), frame(WINDOW, 0, 0, number(0))], Code.protocol],
    ['by too much room', [settings(), frame(WINDOW, 0, 0, number(2 ** 31 - 1))], Code.flowControl],
    ['by a reference to nothing', block(0x80), Code.compression],
    ['by a reference to what is not there yet', block(0xbe), Code.compression],
    ['by a table larger than allowed', block(0x3f, 0xe2, 0x1f), Code.compression],
    ['by a change of the table in the middle', block(0x83, 0x20), Code.compression],
    ['by a number without end', block(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), Code.compression],
    ['by a text longer than its block', block(0, 9, 97), Code.compression],
    ['by a text without its end', block(0, 0x81, 0), Code.compression],
    ['by the end of a text in the middle of it', block(0, 0x84, 0xff, 0xff, 0xff, 0xff), Code.compression],
    ['by a name in upper case', block(0, 1, 65, 1, 97), Code.protocol],
    ['by a line break in a header', block(0, 1, 97, 1, 10), Code.protocol],
  ])('%s', async (_name, frames, code) => {
    raw.send(PREFACE, ...frames);
    const { payload } = await raw.next(({ type }) => type === GOAWAY);
    expect(payload.readUInt32BE(4)).toBe(code);
    if (!raw.socket.closed) await once(raw.socket, 'close');
  });

  it('by something else than the preface', async () => {
    raw.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'));
    await raw.next(({ type }) => type === GOAWAY);
  });
});

describe('headers', () => {
  const decoded = (decoder: HeaderDecoder, hex: string) => {
    const headers: string[] = [];
    decoder.decode(Buffer.from(hex, 'hex'), (name, value) => headers.push(`${name}: ${value}`));
    return headers;
  };

  it('are read as the examples of RFC 7541, C.4, have it', () => {
    const decoder = new HeaderDecoder();
    const common = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
    expect(decoded(decoder, '828684418cf1e3c2e5f23a6ba0ab90f4ff')).toEqual(common);
    expect(decoded(decoder, '828684be5886a8eb10649cbf')).toEqual([...common, 'cache-control: no-cache']);
    expect(decoded(decoder, '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf')).toEqual([
      ':method: GET',
      ':scheme: https',
      ':path: /index.html',
      ':authority: www.example.com',
      'custom-key: custom-value',
    ]);
  });

  it('of another implementation are read, however often they change', async () => {
    // A table of no room for what we send: it must not refer to anything in it.
    const client = connect(`http://127.0.0.1:${server.port}`, { settings: { headerTableSize: 0 } });
    const characters = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at)).join('');
    for (let at = 0; at < 200; at++) {
      const path = `/${at}${characters.slice(at % 94)}${'x'.repeat((at * 37) % 500)}`;
      const extra = Object.fromEntries(
        Array.from({ length: 10 }, (_, n) => [`x-${(at * n) % 70}`, `${at}`.repeat(n)]),
      );
      const stream = client.request({ ...REQUEST, ':path': path, ...extra });
      stream.end();
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      expect(decodeURIComponent(String(headers['grpc-message']))).toBe(`There is no method ${path}.`);
      stream.resume();
    }
    client.destroy();
  });
});

/** A header that is kept for references; short ones only. */
function literal(name: string, value: string): Buffer {
  const encodedHeader = encodeHeaders({ [name]: value });
  encodedHeader[0] = 0x40;
  return encodedHeader;
}
