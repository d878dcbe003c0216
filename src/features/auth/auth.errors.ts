import { NotFound, Unauthorized } from '../../core/errors/errors.js';

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
