import { createServer as createHttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Engine } from '../engine.ts';
import { FirestoreError } from '../errors.ts';
import { Http2Connection } from '../http2/connection.ts';
import { encodeHeaders } from '../http2/frame-writer.ts';
import type { Http2Stream } from '../http2/stream.ts';
import { Call } from './call.ts';
import { answerHttp } from './http.ts';
import { openPort } from './port.ts';
import { rpcsOf } from './rpcs.ts';

const GRACE_MS = 500;
/** What all clients send, and what they may. */
const USUAL = 'application/grpc';
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
  readonly #connections = new Map<Socket, Http2Connection>();

  constructor(rpcs: ReadonlyMap<string, (call: Call) => void>) {
    this.#rpcs = rpcs;
  }

  serve(socket: Socket): void {
    const connection = new Http2Connection(socket, (stream) => this.#accept(stream));
    this.#connections.set(socket, connection);
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** Lets running calls finish for a moment; listeners would otherwise keep the server open for ever. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = [...this.#connections].map(([socket, connection]) => {
      connection.close();
      return new Promise((done) => socket.once('close', done));
    });
    void Promise.all(ended).then(() => resolve());
    const grace = setTimeout(resolve, GRACE_MS);
    await promise;
    clearTimeout(grace);
  }

  #accept(stream: Http2Stream): void {
    if (stream.headers.get(':method') !== 'POST') return refuse(stream, 405);
    const type = stream.headers.get('content-type') ?? '';
    if (type !== USUAL && !GRPC.test(type)) return refuse(stream, 415);
    const path = stream.headers.get(':path')!;
    const call = new Call(stream);
    const answer = this.#rpcs.get(path);
    if (answer) answer(call);
    else call.fail(new FirestoreError('UNIMPLEMENTED', `There is no method ${path}.`));
  }
}

function refuse(stream: Http2Stream, status: number): void {
  stream.respond(encodeHeaders({ ':status': String(status) }), true);
}
