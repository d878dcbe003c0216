import type { Engine } from '../engine.ts';
import { FirestoreError } from '../errors.ts';
import type { Call } from './call.ts';
import { MessageWriter } from './framing.ts';
import { handlersOf } from './handlers.ts';
import type { StreamHandler, UnaryHandler } from './handlers.ts';
import { listen } from './listen-handler.ts';
import { methods } from './protocol.ts';
import type { Method } from './protocol.ts';
import { writeInStream } from './write-stream.ts';

/** So many bytes of messages are sent as one. */
const SENT_AT_ONCE = 65_536;

/** What answers the calls of each path. */
export function rpcsOf(engine: Engine): Map<string, (call: Call) => void> {
  const handlers = handlersOf(engine);
  const unary = new Map<string, UnaryHandler>(Object.entries(handlers.unary));
  const streaming = new Map<string, StreamHandler>(Object.entries(handlers.streaming));
  return new Map(
    [...methods()].map(([name, method]) => {
      const [answer, stream] = [unary.get(name), streaming.get(name)];
      // One for all calls: what is written to it is taken in the same turn.
      const writer = new MessageWriter(method.encode);
      if (answer) return [method.path, (call) => answerOnce(call, method, writer, answer)];
      if (stream) return [method.path, (call) => answerInStream(call, method, writer, stream)];
      if (name === 'Listen') return [method.path, (call) => listen(engine, call, method)];
      return [method.path, (call) => writeInStream(engine, call, method)];
    }),
  );
}

function answerOnce(call: Call, method: Method, writer: MessageWriter, handler: UnaryHandler): void {
  receiveOne(call, (request) => {
    handler(method.decode(request) as never)
      .then((response) => {
        writer.clear();
        writer.add(response);
        call.end(writer.take());
      })
      .catch((error: unknown) => call.fail(error));
  });
}

function answerInStream(call: Call, method: Method, writer: MessageWriter, handler: StreamHandler): void {
  receiveOne(call, (request) => {
    // An error without headers before it makes the Node client try again for seven seconds, whatever the error is.
    call.start();
    handler(method.decode(request) as never)
      .then((responses) => send(call, writer, responses[Symbol.iterator]()))
      .catch((error: unknown) => call.fail(error));
  });
}

/** Sends what the client takes at once, and the rest when it has taken that; the writer is empty in between. */
function send(call: Call, writer: MessageWriter, responses: Iterator<object>): Promise<void> | undefined {
  writer.clear();
  for (let next = responses.next(); !next.done; next = responses.next()) {
    writer.add(next.value);
    if (writer.length < SENT_AT_ONCE) continue;
    if (!call.write(writer.take())) return call.drained().then(() => send(call, writer, responses));
    if (call.hasEnded) return undefined;
  }
  call.end(writer.take());
  return undefined;
}

/** The message of a call that must have exactly one. */
function receiveOne(call: Call, onRequest: (bytes: Buffer) => void): void {
  let request: Buffer | undefined;
  call.receive(
    (bytes) => {
      if (request) throw new FirestoreError('UNIMPLEMENTED', 'The call takes one message and got several.');
      request = bytes;
    },
    () => {
      if (!request) throw new FirestoreError('UNIMPLEMENTED', 'The call takes one message and got none.');
      onRequest(request);
    },
  );
}
