import { BadRequest, Forbidden, NotFound, TooManyRequests, Unauthorized } from '../../core/errors/errors.js';

/** One answer for a wrong password and an unknown e-mail: it must not tell who has an account. */
export class InvalidCredentials extends Unauthorized {
  static override readonly code = 'INVALID_CREDENTIALS';
  static override readonly message = 'E-mail or password is wrong.';
}

export class InvalidRefreshToken extends Unauthorized {
  static override readonly code = 'INVALID_REFRESH_TOKEN';
  static override readonly message = 'The session has ended; sign in again.';
}

export class SessionNotFound extends NotFound {
  static override readonly code = 'SESSION_NOT_FOUND';
  static override readonly message = 'You have no such session.';
}

/** 429: the next attempt comes too early, whether or not there is such an account. */
export class TooManyFailures extends TooManyRequests {
  static override readonly code = 'TOO_MANY_FAILURES';
  static override readonly message = 'Too many attempts have failed; wait before the next one.';

  /** @param wait milliseconds */
  constructor(wait: number) {
    super({ headers: { 'Retry-After': String(Math.ceil(wait / 1000)) } });
  }
}

/** 403, not 401: the access token holds. */
export class WrongPassword extends Forbidden {
  static override readonly code = 'WRONG_PASSWORD';
  static override readonly message = 'The current password is wrong.';
}

/** One answer for a token that never was, was used, has expired, or is not the last one mailed. */
export class InvalidOneTimeToken extends BadRequest {
  static override readonly code = 'INVALID_ONE_TIME_TOKEN';
  static override readonly message = 'The link is no longer good; ask for a new one.';
}
