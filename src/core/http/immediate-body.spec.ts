import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { setImmediate as later } from 'node:timers/promises';
import { ImmediateBody } from './immediate-body.js';

/** Reads a body to its end. */
type Read = (body: IncomingMessage) => Promise<string>;

const byEvents: Read = (body) =>
  new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    body.on('data', (piece: Buffer) => pieces.push(piece));
    body.on('end', () => resolve(Buffer.concat(pieces).toString()));
    body.on('error', reject);
  });

const READERS: Record<string, Read> = {
  'by events': byEvents,
  'by events, after a while': async (body) => {
    await later();
    return byEvents(body);
  },
  'by asynchronous iteration': text,
  'through a pipe that is slow': async (body) => {
    const slow = new PassThrough({ highWaterMark: 10 });
    const [read] = await Promise.all([text(slow), pipeline(body, slow)]);
    return read;
  },
  'with pauses': (body) => {
    body.on('data', () => {
      body.pause();
      setImmediate(() => body.resume());
    });
    return byEvents(body);
  },
  'as text': async (body) => {
    const pieces: string[] = [];
    body.on('data', (piece: string) => pieces.push(piece.normalize())); // no Buffer has that
    body.setEncoding('utf8');
    await once(body, 'end');
    return pieces.join('');
  },
  'by "readable"': async (body) => {
    const pieces: Buffer[] = [];
    body.on('readable', () => {
      for (let piece; (piece = body.read() as Buffer | null);) pieces.push(piece);
    });
    await once(body, 'end');
    return Buffer.concat(pieces).toString();
  },
};

describe('a body that is passed on as it arrives', () => {
  let server: Server;
  let port: number;
  let read: Read;
  /** How many requests the server was done with. */
  let closed = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    request.once('close', () => (closed += 1));
    const body = await read(request).catch((error: Error) => `failed: ${error.message}`);
    response.end(body);
  };

  beforeAll(async () => {
    server = createServer(
      { IncomingMessage: ImmediateBody, optimizeEmptyRequests: true },
      (...both) => void answer(...both),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => server.close());

  /** What comes back for these pieces, written one by one, on one connection. */
  async function exchange(...pieces: string[]): Promise<string> {
    const connection = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const piece of pieces) {
      connection.write(piece);
      await later();
    }
    return text(connection);
  }

  const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\n';
  const LAST = `${HEAD}Connection: close\r\n`;

  describe.each(Object.entries(READERS))('read %s', (_name, reader) => {
    beforeEach(() => {
      read = reader;
      closed = 0;
    });

    it('is whole in one piece', async () => {
      expect(await exchange(`${LAST}Content-Length: 7\r\n\r\nein Tö`)).toMatch(/\r\nein Tö$/);
    });

    it('is whole in several', async () => {
      const answered = await exchange(`${LAST}Content-Length: 9\r\n\r\n`, 'one', 'two', 'six');
      expect(answered).toMatch(/\r\nonetwosix$/);
    });

    it('is whole in chunks', async () => {
      const answered = await exchange(
        `${LAST}Transfer-Encoding: chunked\r\n\r\n3\r\n`,
        'one\r\n3\r\ntw',
        'o\r\n0\r\n\r\n',
      );
      expect(answered).toMatch(/\r\nonetwo$/);
    });

    it('is followed by the next request of the connection', async () => {
      const answered = await exchange(
        `${HEAD}Content-Length: 3\r\n\r\none${HEAD}Content-Length: 3\r\n\r\ntwo${LAST}Content-Length: 3\r\n\r\nsix`,
      );
      expect(answered.match(/one|two|six/g)).toEqual(['one', 'two', 'six']);
      expect(closed).toBe(3);
    });

    it('is whole where it is large', async () => {
      const body = 'x'.repeat(300_000);
      const answered = await exchange(`${LAST}Content-Length: 300000\r\n\r\n${body}`);
      expect(answered.endsWith(`\r\n\r\n${body}`)).toBe(true);
    });
  });

  // Node.js does not tell the listeners of 'readable', as `optimizeEmptyRequests` has it.
  it.each(Object.entries(READERS).filter(([name]) => name !== 'by "readable"'))(
    'ends at once where there is none: read %s',
    async (_name, reader) => {
      read = reader;
      const answered = await exchange(`${LAST}Content-Type: application/json\r\n\r\n`);
      expect(answered).toMatch(/^HTTP\/1.1 200 .*\r\n\r\n$/s);
    },
  );

  it('fails, and the request closes, when the client leaves in the middle of it', async () => {
    const ended = new Promise<string>((resolve) => {
      read = async (body) => {
        const result = await byEvents(body).catch((error: Error) => error.message);
        resolve(result);
        return result;
      };
    });
    const connection = connect(port, '127.0.0.1');
    connection.write(`${HEAD}Content-Length: 9\r\n\r\none`, () => connection.destroy());
    expect(await ended).toBe('aborted');
  });

  it('does not hold up the connection where nobody reads it', async () => {
    read = () => Promise.resolve('unread');
    const answered = await exchange(
      `${HEAD}Content-Length: 9\r\n\r\none`,
      `twosix${LAST}Content-Length: 3\r\n\r\none`,
    );
    expect(answered.match(/unread/g)).toHaveLength(2);
  });
});
