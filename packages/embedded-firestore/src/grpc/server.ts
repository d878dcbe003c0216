import { createServer as createHttpServer } from 'node:http';
import { performServerHandshake } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Engine } from '../engine.ts';
import { FirestoreError } from '../errors.ts';
import { Call } from './call.ts';
import { answerHttp } from './http.ts';
import { openPort } from './port.ts';
import { rpcsOf } from './rpcs.ts';

const GRACE_MS = 500;
/** More of them wait in the client; it is ten times what Google's servers allow. */
const MAX_CALLS_PER_CONNECTION = 1_000;
const GRPC = /^application\/grpc(?:\+proto)?(?:;|$)/;

export interface RpcServer {
  port: number;
  close(): Promise<void>;
}

/** Serves an engine by gRPC, and by plain HTTP what test suites ask of an emulator. */
export async function serve(engine: Engine, host: string, port: number): Promise<RpcServer> {
  const rpc = new GrpcServer(rpcsOf(engine));
  const http = createHttpServer((request, response) => void answerHttp(engine, request, response));
  const front = await openPort(
    host,
    port,
    (socket) => rpc.serve(socket),
    (socket) => http.emit('connection', socket),
  );
  const close = async () => {
    front.close();
    await rpc.close();
    front.disconnect();
  };
  return { port: front.port, close };
}

/** gRPC over HTTP/2: finds what answers a call, and keeps the connections until they end. */
class GrpcServer {
  readonly #rpcs: ReadonlyMap<string, (call: Call) => void>;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(rpcs: ReadonlyMap<string, (call: Call) => void>) {
    this.#rpcs = rpcs;
  }

  serve(socket: Socket): void {
    const session = performServerHandshake(socket, {
      // Answers wait until the client takes them, which is flow control's work; Node would refuse calls beyond 10 MB.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
      settings: { maxConcurrentStreams: MAX_CALLS_PER_CONNECTION },
    });
    this.#sessions.add(session);
    session.on('error', ignore);
    session.on('close', () => this.#sessions.delete(session));
    session.on('stream', (stream, headers) => this.#accept(stream, headers));
  }

  /** Lets running calls finish for a moment; listeners would otherwise keep the server open for ever. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = [...this.#sessions].map((session) => {
      session.close();
      return new Promise((done) => session.once('close', done));
    });
    void Promise.all(ended).then(() => resolve());
    const grace = setTimeout(resolve, GRACE_MS);
    await promise;
    clearTimeout(grace);
    // They may not end before what is on its way is sent, which a client can hold up: the sockets are closed next.
    for (const session of this.#sessions) session.destroy();
  }

  #accept(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders & { ':path'?: string; ':method'?: string },
  ): void {
    // What becomes of a stream is seen where it is written to.
    stream.on('error', ignore);
    if (headers[':method'] !== 'POST') return refuse(stream, 405);
    if (!GRPC.test(headers['content-type'] ?? '')) return refuse(stream, 415);
    const call = new Call(stream, headers);
    const answer = this.#rpcs.get(headers[':path']!);
    if (answer) answer(call);
    else call.fail(new FirestoreError('UNIMPLEMENTED', `There is no method ${headers[':path']}.`));
  }
}

function refuse(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ ':status': status }, { endStream: true });
  stream.resume();
}

function ignore(): void {}
