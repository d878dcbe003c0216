import { Metadata, Server, ServerCredentials, status as codes } from '@grpc/grpc-js';
import type {
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { Engine } from '../engine.ts';
import { invalid, unimplemented } from '../errors.ts';
import { MAX_REQUEST_BYTES } from '../value/limits.ts';
import { handlersOf } from './handlers.ts';
import type { StreamHandler, UnaryHandler } from './handlers.ts';
import { answerHttp } from './http.ts';
import { listen } from './listen-handler.ts';
import type { ListenCall } from './listen-handler.ts';
import { openPort } from './port.ts';
import { methods } from './protocol.ts';
import type { Method } from './protocol.ts';
import { statusOf } from './status.ts';

const GRACE_MS = 500;

export interface RpcServer {
  port: number;
  close(): Promise<void>;
}

/** Serves an engine by gRPC, and by plain HTTP what test suites ask of an emulator. */
export async function serve(engine: Engine, host: string, port: number): Promise<RpcServer> {
  const server = new Server({
    // Much larger than Google's limit, so that what exceeds it is refused with a message of ours: gRPC's own refusal makes
    // the Node client try again for minutes.
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES * 25,
    'grpc.max_send_message_length': -1,
  });
  const { definition, implementation } = service(engine);
  server.addService(definition, implementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http = createHttpServer((request, response) => void answerHttp(engine, request, response));
  const front = await openPort(
    host,
    port,
    (socket) => injector.injectConnection(socket),
    (socket) => http.emit('connection', socket),
  );
  const close = async () => {
    front.close();
    injector.drain(GRACE_MS);
    await stop(server);
    injector.destroy();
    front.disconnect();
  };
  return { port: front.port, close };
}

/** Lets running requests finish for a moment; listeners would otherwise keep the server open for ever. */
async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}

function service(engine: Engine) {
  const handlers = handlersOf(engine);
  const unary = new Map<string, UnaryHandler>(Object.entries(handlers.unary));
  const streaming = new Map<string, StreamHandler>(Object.entries(handlers.streaming));
  const definition: Record<string, object> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of methods()) {
    definition[name] = definitionOf(method);
    const answer = unary.get(name);
    if (answer) implementation[name] = unaryCall(method, answer);
    const stream = streaming.get(name);
    if (stream) implementation[name] = streamCall(method, stream);
    if (name === 'Listen') implementation[name] = listenCall(engine, method);
    if (name === 'Write') implementation[name] = refuseWriteStream;
  }
  return { definition: definition as unknown as ServiceDefinition, implementation };
}

/** Requests are decoded by the handler, so that bad bytes get an answer like any other bad input. */
function definitionOf({ path, requestStream, responseStream, encode }: Method): object {
  const identity = (bytes: Buffer) => bytes;
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: encode,
    responseDeserialize: identity,
  };
}

function decode(method: Method, bytes: Buffer): never {
  if (bytes.length > MAX_REQUEST_BYTES) {
    throw invalid(
      `Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes (this one has ${bytes.length}).`,
    );
  }
  return method.decode(bytes) as never;
}

function unaryCall(method: Method, handler: UnaryHandler) {
  return (call: ServerUnaryCall<Buffer, object>, callback: sendUnaryData<object>) => {
    const answer = async () => handler(decode(method, call.request));
    answer().then(
      (response) => callback(null, response),
      (error: unknown) => callback(failure(error)),
    );
  };
}

function streamCall(method: Method, handler: StreamHandler) {
  return (call: ServerWritableStream<Buffer, object>) => {
    // An error without headers before it makes the Node client try again for seven seconds, whatever the error is.
    call.sendMetadata(new Metadata());
    send(call, handler, method).catch((error: unknown) => call.emit('error', failure(error)));
  };
}

async function send(
  call: ServerWritableStream<Buffer, object>,
  handler: StreamHandler,
  method: Method,
): Promise<void> {
  for await (const response of handler(decode(method, call.request))) {
    if (call.cancelled) return;
    if (!call.write(response)) await drained(call);
  }
  call.end();
}

function listenCall(engine: Engine, method: Method) {
  return (call: ListenCall) => {
    call.sendMetadata(new Metadata());
    listen(
      engine,
      call,
      (bytes) => decode(method, bytes),
      (error) => call.emit('error', failure(error)),
    );
  };
}

function refuseWriteStream(call: ListenCall): void {
  call.sendMetadata(new Metadata());
  call.emit('error', failure(unimplemented('Write, the stream of writes of the web and mobile clients,')));
}

/** Waits until a slow client has taken what was sent, or has gone. */
async function drained(call: ServerWritableStream<Buffer, object>): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  await Promise.race([once(call, 'drain', { signal }), once(call, 'cancelled', { signal })]);
  waiting.abort();
}

function failure(error: unknown): { code: number; details: string } {
  const { code, message } = statusOf(error);
  return { code: code ?? codes.UNKNOWN, details: message };
}
