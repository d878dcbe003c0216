import { randomBytes } from 'node:crypto';
import { checkDatabaseName } from '../document/resource-path.ts';
import type { Engine, EngineDatabase } from '../engine.ts';
import { invalid } from '../errors.ts';
import type { Call } from './call.ts';
import { decodeWrite } from './decode-write.ts';
import { MessageWriter } from './framing.ts';
import { commitMessage } from './handlers.ts';
import type { WriteMessage } from './messages.ts';
import type { Method } from './protocol.ts';

interface WriteRequest {
  database: string;
  streamId: string;
  streamToken: Uint8Array;
  writes: WriteMessage[];
}

/** Serves one Write stream: batches are committed and answered one after the other, in the order in which they come. */
export function writeInStream(engine: Engine, call: Call, method: Method): void {
  const writer = new MessageWriter(method.encode);
  const stream = new WriteStream(engine);
  let [work, waiting] = [Promise.resolve(), 0];
  const inTurn = (step: () => Promise<void> | void) => {
    // What the client sends meanwhile stays with it: nobody makes the server hold more than one batch.
    if (++waiting === 1) call.pause();
    work = work
      .then(() => (call.hasEnded ? undefined : step()))
      .catch((error: unknown) => call.fail(error))
      .then(() => (--waiting === 0 ? call.resume() : undefined));
  };
  call.start();
  call.receive(
    (bytes) =>
      inTurn(async () => {
        writer.add(await stream.answer(method.decode(bytes) as WriteRequest));
        if (!call.write(writer.take())) await call.drained();
      }),
    () => inTurn(() => call.end()),
  );
}

/**
 * What the two sides of a stream know of each other. A token counts the answers; the one that the client sends says
 * which it has seen. No stream outlives its call, so there is none to resume, which Google's clients do not ask for.
 */
export class WriteStream {
  readonly #engine: Engine;
  readonly #id = randomBytes(15).toString('base64url');
  #database: EngineDatabase | undefined;
  #answered = 0;
  #acknowledged = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async answer(request: WriteRequest): Promise<object> {
    if (request.streamId !== '') throw invalid(`There is no write stream "${request.streamId}" to resume.`);
    if (!this.#database) return this.#open(request);
    const { name } = this.#database.data;
    if (request.database !== '' && request.database !== name) {
      throw invalid(`The stream writes to ${name}, not to ${request.database}.`);
    }
    this.#acknowledge(request.streamToken);
    // Only an acknowledgement: it is answered, but there is nothing to commit.
    if (request.writes.length === 0) return { streamToken: this.#nextToken() };
    const writes = request.writes.map((write) => decodeWrite(write, name));
    const result = await this.#database.commit(writes);
    return { streamToken: this.#nextToken(), ...commitMessage(result) };
  }

  #open({ database, streamToken, writes }: WriteRequest): object {
    if (streamToken.length > 0) throw invalid('A new stream has no stream_token yet.');
    if (writes.length > 0) throw invalid('The first request opens the stream: it must have no writes.');
    this.#database = this.#engine.database(checkDatabaseName(database));
    return { streamId: this.#id, streamToken: this.#nextToken() };
  }

  #acknowledge(token: Uint8Array): void {
    if (token.length === 0) return;
    const [, id, count] = /^(.+):(\d+)$/.exec(Buffer.from(token).toString('latin1')) ?? [];
    const seen = Number(count);
    if (id !== this.#id || seen > this.#answered)
      throw invalid('The stream_token is not one of this stream.');
    if (seen < this.#acknowledged) throw invalid('The stream_token is older than one that was sent before.');
    this.#acknowledged = seen;
  }

  #nextToken(): Buffer {
    return Buffer.from(`${this.#id}:${++this.#answered}`);
  }
}
