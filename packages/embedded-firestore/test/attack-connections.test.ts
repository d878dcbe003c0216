import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http2 from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { startEmbeddedFirestore } from '../src/index.ts';
import { DATABASE, encoded, METHODS, ROOT, startAttacked, UNARY } from './support/attack.ts';
import type { Attacked } from './support/attack.ts';
import type { Footprint } from './support/attacked-server.ts';
import { answerOf, frame, RawClient } from './support/raw-grpc.ts';
import { http2Frame, PREFACE, RawConnection, settings } from './support/raw-http2.ts';

let server: Attacked;
let raw: RawClient;
beforeAll(async () => {
  server = await startAttacked();
});
beforeEach(async () => {
  raw = new RawClient(server.port);
  await once(raw.session, 'connect');
});
afterEach(async () => {
  raw.close();
  await server.requireAlive();
});
afterAll(async () => expect(await server.stop()).toBe(0));

const PATH = '/google.firestore.v1.Firestore/BatchGetDocuments';
const get = encoded('GetDocument', { name: `${ROOT}/c/d` });

/** The server has seen everything that was sent before. */
function pinged(session: ClientHttp2Session): Promise<unknown> {
  return new Promise((resolve) => session.ping(resolve));
}

describe('streams', () => {
  const query = encoded('RunQuery', { parent: ROOT, structuredQuery: { from: [{ collectionId: 'c' }] } });

  it('of paths that do not exist get UNIMPLEMENTED', async () => {
    for (const path of [
      '/',
      '/x',
      '/google.firestore.v1.Firestore/Nothing',
      '/google.firestore.v2.Firestore/Commit',
      '/%00%ff',
      `/${'x'.repeat(8_000)}`,
    ]) {
      expect([path, (await raw.call(path, get)).status]).toEqual([path, 12]);
    }
  });

  it.each(METHODS)('with bytes in no frame end with an error in %s', async (method) => {
    const oddities = [
      Buffer.alloc(0),
      Buffer.from([0]),
      Buffer.from([0, 0, 0, 0]),
      frame(get, { length: 1_000_000 }),
      frame(get, { length: 2 ** 32 - 1 }),
      frame(get, { compressed: 1 }),
      frame(get, { compressed: 255 }),
      frame(get, { length: 3 }),
      Buffer.concat([frame(get), frame(get), frame(get)]),
      Buffer.alloc(100_000, 0xff),
    ];
    for (const bytes of oddities) {
      const { status } = await raw.send(method, bytes);
      expect([method, bytes.subarray(0, 8), typeof status]).toEqual([method, bytes.subarray(0, 8), 'number']);
    }
  });

  it('with strange headers end', async () => {
    for (const headers of [
      { 'content-type': 'text/html' },
      { 'content-type': 'application/grpc+json' },
      { 'grpc-encoding': 'nonsense' },
      { 'grpc-timeout': 'forever' },
      { 'grpc-timeout': '0n' },
      { 'grpc-timeout': '1n' },
      { 'x-bin': '!!!' },
      { 'x-long-bin': 'A'.repeat(6_000) },
    ] as Record<string, string>[]) {
      await raw.send('GetDocument', frame(get), headers);
    }
  });

  it('with a message as the first of several deadlines answer', async () => {
    await Promise.all(
      Array.from({ length: 200 }, () =>
        raw.send('RunQuery', frame(query), {
          'grpc-timeout': '1m',
        }),
      ),
    );
  });
});

describe('what is left open', () => {
  it('streams: half of a message, then reset or nothing, and all goes back', async () => {
    await server.footprint();
    const before = await server.footprint();
    for (let round = 0; round < 3; round++) {
      const attackers = Array.from({ length: 10 }, () => new RawClient(server.port));
      const endings = attackers.flatMap((attacker) =>
        METHODS.map(async (method, at) => {
          const stream = attacker.open(method);
          stream.write(frame(Buffer.alloc(2_000, 1), { length: 4_000 }));
          const closed = answerOf(stream, method);
          if (at % 3 === 0) stream.close(8);
          else if (at % 3 === 1) stream.end();
          else attacker.session.ping(() => attacker.close());
          await closed;
        }),
      );
      await Promise.all(endings);
      attackers.forEach((attacker) => attacker.close());
    }
    await expectGoneBack(before);
  });

  it('answers that nobody reads', async () => {
    const batch = server.db.batch();
    for (let at = 0; at < 20; at++) batch.set(server.db.doc(`large/d${at}`), { text: 'x'.repeat(100_000) });
    await batch.commit();
    const before = await server.footprint();
    const all = encoded('RunQuery', { parent: ROOT, structuredQuery: { from: [{ collectionId: 'large' }] } });
    const attackers = Array.from({ length: 10 }, () => new RawClient(server.port));
    await Promise.all(
      attackers.map(async (attacker) => {
        const streams = Array.from({ length: 10 }, () => attacker.open('RunQuery'));
        for (const stream of streams) stream.end(frame(all));
        await Promise.all(streams.map((stream) => once(stream, 'response')));
      }),
    );
    attackers.forEach((attacker) => attacker.close());
    await expectGoneBack(before);
    await server.db.recursiveDelete(server.db.collection('large'));
  });

  it('a thousand bad requests leave nothing', async () => {
    const junk = Buffer.alloc(20_000, 0x5a);
    const burst = () =>
      Promise.all(Array.from({ length: 300 }, (_, at) => raw.call(UNARY[at % UNARY.length]!, junk)));
    await burst();
    const before = await server.footprint();
    for (let round = 0; round < 3; round++) await burst();
    await expectGoneBack(before);
  });

  it('thousands of streams that are reset at once, long before their deadlines', async () => {
    await server.footprint();
    const before = await server.footprint();
    for (let round = 0; round < 6; round++) {
      const attacker = new RawClient(server.port);
      const endings = Array.from({ length: 2_000 }, (_, at) => {
        const stream = attacker.open(METHODS[at % METHODS.length]!, { 'grpc-timeout': '1H' });
        const closed = once(stream, 'close');
        stream.write(frame(get, { length: get.length + (at % 2) }));
        stream.close(8);
        return closed;
      });
      await Promise.all(endings);
      attacker.close();
    }
    await expectGoneBack(before);
  });

  it('headers without end', async () => {
    const before = await server.footprint();
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`x-${at}`, 'y'.repeat(50)]));
    for (const headers of [many, { 'x-long': 'y'.repeat(60_000) }, { 'x-bin': 'y'.repeat(60_000) }]) {
      const attacker = new RawClient(server.port);
      await Promise.all(Array.from({ length: 20 }, () => attacker.send('GetDocument', frame(get), headers)));
      attacker.close();
    }
    await expectGoneBack(before);
  });

  it('messages that are announced and come byte by byte', async () => {
    const before = await server.footprint();
    const attackers = Array.from({ length: 10 }, () => new RawClient(server.port));
    const streams = attackers.flatMap((attacker) =>
      Array.from({ length: 50 }, () => attacker.open('Commit')),
    );
    for (const stream of streams) stream.write(frame(Buffer.alloc(1), { length: 10 * 1024 * 1024 }));
    await Promise.all(attackers.map(({ session }) => pinged(session)));
    for (const stream of streams) stream.write(Buffer.alloc(1));
    await Promise.all(attackers.map(({ session }) => pinged(session)));
    // What was only announced takes no room.
    expect(((await server.footprint()).memory - before.memory) / 2 ** 20).toBeLessThan(50);
    attackers.forEach((attacker) => attacker.close());
    await expectGoneBack(before);
  });

  it('batches of writes that come faster than a lock lets them be committed', async () => {
    const before = await server.footprint();
    const locked = server.db.doc('locked/d');
    await server.db.runTransaction(async (transaction) => {
      await transaction.get(locked);
      const stream = raw.open('Write');
      const fields = { text: { stringValue: 'x'.repeat(900_000) } };
      const writes = [{ update: { name: `${ROOT}/locked/d`, fields } }];
      const batches = Array.from({ length: 100 }, () => frame(encoded('Write', { writes })));
      stream.write(frame(encoded('Write', { database: DATABASE })));
      for (const batch of batches) stream.write(batch);
      for (let round = 0; round < 1_000; round++) await pinged(raw.session);
      // They stay with the client.
      expect(raw.session.socket.bytesWritten / 2 ** 20).toBeLessThan(5);
      stream.close(8);
      await once(stream, 'close');
    });
    await locked.delete();
    await expectGoneBack(before);
  });

  it('questions of a connection that reads none of the answers', async () => {
    const before = await server.footprint();
    const attacker = new RawConnection(server.port);
    await once(attacker.socket, 'connect');
    attacker.socket.pause();
    const pings = Buffer.alloc(34_000_000, http2Frame(6, 0, 0, Buffer.alloc(8)));
    attacker.send(PREFACE, settings(), pings);
    const left = () => attacker.socket.bytesWritten - attacker.socket.writableLength;
    // Until nothing more is taken.
    for (let last = -1, same = 0; same < 50; last = left()) {
      same = left() === last ? same + 1 : 0;
      await server.db.doc('alive/yes').get();
    }
    // 2 to 11 MB, what is compiled meanwhile included; all of the answers would be 34.
    expect(((await server.footprint()).memory - before.memory) / 2 ** 20).toBeLessThan(20);
    attacker.socket.destroy();
    await expectGoneBack(before);
  });

  it('connections that say nothing, something else, or half of it', async () => {
    const before = await server.footprint();
    const openings = [
      '',
      'P',
      'PRI * HTTP/2.0',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot a frame at all',
      'GET / HTTP/1.1\r\nHost:',
      'GET',
      '\0\0\0',
      '\x16\x03\x01\x02\x00\x01\x00',
    ];
    const sockets = await Promise.all(
      openings.map(async (opening) => {
        const socket = connect(server.port, '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        if (opening !== '') socket.write(opening, 'latin1');
        return socket;
      }),
    );
    expect((await server.db.doc('alive/yes').get()).get('n')).toBe(1);
    sockets.forEach((socket) => socket.destroy());
    await expectGoneBack(before);
  });

  /** The kernel tells the server of closed connections in its own time: asks again, each time after a request. */
  async function expectGoneBack(before: Footprint): Promise<void> {
    let after = await server.footprint();
    const grown = () => (after.memory - before.memory) / 2 ** 20;
    for (let tries = 0; tries < 200 && (after.sockets > before.sockets || grown() >= 10); tries++) {
      await server.db.doc('alive/yes').get();
      after = await server.footprint();
    }
    expect(after.sockets).toBeLessThanOrEqual(before.sockets);
    expect(grown()).toBeLessThan(10);
  }
});

describe('a server that is told to stop', () => {
  it.each([
    ['nothing', ''],
    ['half of an HTTP request', 'GET / HTTP/1.1\r\nHost:'],
    ['half of the HTTP/2 preface', 'PRI * HTTP'],
    ['an HTTP/2 connection without requests', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
  ])('stops although a connection sent %s', async (_, opening) => {
    const stopped = await startEmbeddedFirestore();
    const socket = connect(stopped.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
    if (opening !== '') socket.write(opening, 'latin1');
    // An answer to a later connection: the server has seen the earlier one.
    await (await fetch(`http://${stopped.address}/`, { headers: { connection: 'close' } })).text();
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await stopped.close();
    await closed;
  });

  it('stops although calls are under way', async () => {
    const stopped = await startEmbeddedFirestore();
    const client = new RawClient(stopped.port);
    const listening = client.open('Listen');
    await once(listening, 'response');
    const unfinished = client.open('Commit');
    unfinished.write(frame(get).subarray(0, 7));
    await pinged(client.session);
    const endings = [listening, unfinished].map((stream) => answerOf(stream, 'a call under way'));
    const goaway = once(client.session, 'goaway');
    await stopped.close();
    await Promise.all([...endings, goaway]);
  });

  it('stops although a client takes nothing of what it asked for', async () => {
    const stopped = await startEmbeddedFirestore();
    const writer = new RawClient(stopped.port);
    const fields = { text: { stringValue: 'x'.repeat(1_000_000) } };
    const writes = Array.from({ length: 9 }, (_, at) => ({
      update: { name: `${ROOT}/large/d${at}`, fields },
    }));
    expect((await writer.call('Commit', encoded('Commit', { database: DATABASE, writes }))).status).toBe(0);
    const socket = connect(stopped.port, '127.0.0.1');
    socket.on('error', () => undefined);
    // Room for everything in the client's flow control, and none in its socket.
    const greedy = http2.connect('http://client', {
      createConnection: () => notReading(socket),
      settings: { initialWindowSize: 2 ** 31 - 1 },
    });
    greedy.on('error', () => undefined).once('connect', () => greedy.setLocalWindowSize(2 ** 31 - 1));
    const documents = writes.map(({ update }) => update.name);
    const ask = frame(encoded('BatchGetDocuments', { database: DATABASE, documents }));
    for (let at = 0; at < 20; at++) {
      const stream = greedy.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc' });
      stream.on('error', () => undefined).end(ask);
    }
    await pinged(writer.session);
    await stopped.close();
    greedy.destroy();
    socket.destroy();
  });
});

/** A connection on which one can write only. */
function notReading(socket: Socket): Duplex {
  return new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => socket.write(chunk, () => done()),
  });
}
