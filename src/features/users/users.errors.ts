import { Conflict, Forbidden, NotFound } from '../../core/errors/errors.js';

export class UserNotFound extends NotFound {
  static override readonly code = 'USER_NOT_FOUND';
  static override readonly message = 'There is no such user.';
}

export class EmailTaken extends Conflict {
  static override readonly code = 'EMAIL_TAKEN';
  static override readonly message = 'Another account has this e-mail address.';
}

/** Nobody could give the role back. */
export class LastAdmin extends Conflict {
  static override readonly code = 'LAST_ADMIN';
  static override readonly message = 'This is the last admin; make somebody else an admin first.';
}

/** 403: whoever has the e-mail address has the account, so a stolen access token is not enough to change it. */
export class RecentSignInRequired extends Forbidden {
  static override readonly code = 'RECENT_SIGN_IN_REQUIRED';
  static override readonly message = 'Sign in again, then change the e-mail address within 15 minutes.';
}
