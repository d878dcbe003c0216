import { IncomingMessage } from 'node:http';

/**
 * A request that passes its body on as it arrives. As a `Readable` by itself it would do so in ticks of its own, half a
 * dozen for a body of a hundred bytes, which cost more than checking that body does (bench/PROFILE.md). Whoever pauses
 * it, or begins when some of it has arrived, reads the stream that Node.js makes.
 */
export class ImmediateBody extends IncomingMessage {
  private isImmediate = false;

  override resume(): this {
    const isUntouched = this.readableFlowing === null && this.readableLength === 0 && !this.complete;
    if (!isUntouched || this.readableEncoding !== null || this.listenerCount('readable') > 0)
      return super.resume();
    this.isImmediate = true;
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

  private finish(): void {
    this.isImmediate = false;
    markAsRead(this);
    this.emit('end');
    this.emit('close');
  }
}

interface PrivateState {
  _readableState: Record<'ended' | 'endEmitted' | 'destroyed' | 'closed' | 'closeEmitted', boolean>;
}

/** As Node.js does itself to a request without a body (`optimizeEmptyRequests`): no tick is to look after the stream. */
function markAsRead(message: IncomingMessage): void {
  const { _readableState: state } = Object.assign(message, { _dumped: true }) as unknown as PrivateState;
  state.ended = true;
  state.endEmitted = true;
  state.destroyed = true;
  state.closed = true;
  state.closeEmitted = true;
}
