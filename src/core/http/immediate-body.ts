import { IncomingMessage } from 'node:http';
import { nextTick } from 'node:process';

interface PrivateState {
  _readableState: Record<'ended' | 'endEmitted' | 'destroyed' | 'closed' | 'closeEmitted', boolean>;
}

/**
 * A request that passes its body on as it arrives. As a `Readable` by itself it would do so in ticks of its own, half a
 * dozen for a body of a hundred bytes, which cost more than checking that body does (bench/PROFILE.md). Whoever pauses
 * it, or begins when some of it has arrived, reads the stream that Node.js makes.
 *
 * To be used with `optimizeEmptyRequests`, by which Node.js does the same to a request that has no body: its stream has
 * ended before anybody sees it. Who reads it all the same, because its headers announce a body, is told of the end.
 */
export class ImmediateBody extends IncomingMessage {
  private isImmediate = false;
  private hasToldEnd = false;

  override resume(): this {
    if (this.readableEnded) this.tellEnd();
    else if (!this.isUntouched()) return super.resume();
    else this.isImmediate = true;
    return this;
  }

  override pause(): this {
    this.isImmediate = false;
    return super.pause();
  }

  override setEncoding(encoding: BufferEncoding): this {
    if (this.isImmediate) {
      this.isImmediate = false;
      super.resume();
    }
    return super.setEncoding(encoding);
  }

  /** The parser calls it with each piece, and with null at the end. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    if (!this.isImmediate) return super.push(chunk, encoding);
    if (chunk) this.emit('data', chunk);
    else this.finish();
    return true; // the connection goes on
  }

  private isUntouched(): boolean {
    if (this.readableFlowing !== null || this.readableLength > 0 || this.complete) return false;
    return this.readableEncoding === null && this.listenerCount('readable') === 0;
  }

  private tellEnd(): void {
    if (this.hasToldEnd) return;
    this.hasToldEnd = true;
    nextTick(() => this.emit('end'));
  }

  private finish(): void {
    this.isImmediate = false;
    this.hasToldEnd = true;
    markAsRead(this);
    this.emit('end');
    this.emit('close');
  }
}

/** As Node.js does: no tick is to look after the stream. */
function markAsRead(message: IncomingMessage): void {
  const { _readableState: state } = Object.assign(message, { _dumped: true }) as unknown as PrivateState;
  state.ended = true;
  state.endEmitted = true;
  state.destroyed = true;
  state.closed = true;
  state.closeEmitted = true;
}
