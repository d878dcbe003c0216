import { TypedError } from '../errors/typed-error.js';

/** What the other service said, if it said anything. Logged and for the caller to decide; never sent to the client. */
export interface UpstreamFailure {
  status?: number;
  answer?: unknown;
  cause?: unknown;
}

/** 502: another service failed. A route that relays its answer catches this and throws a `DynamicError`. */
export class UpstreamError extends TypedError<object> {
  static override readonly status: number = 502;
  static override readonly code: string = 'UPSTREAM_ERROR';
  static override readonly message: string =
    'Another service that this one needs did not answer as it should.';

  /** Of the other service's answer. */
  readonly upstreamStatus: number | undefined;
  readonly answer: unknown;

  constructor(url: string, { status, answer, cause }: UpstreamFailure) {
    super({ cause: new Error(`${url} failed${status === undefined ? '' : ` with ${status}`}`, { cause }) });
    this.upstreamStatus = status;
    this.answer = answer;
  }
}

/** 504: another service took too long. */
export class UpstreamTimeout extends UpstreamError {
  static override readonly status = 504;
  static override readonly code = 'UPSTREAM_TIMEOUT';
  static override readonly message = 'Another service that this one needs took too long.';
}
