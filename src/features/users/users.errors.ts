import { Conflict, NotFound } from '../../core/errors/errors.js';

export class UserNotFound extends NotFound {
  static override readonly code = 'USER_NOT_FOUND';
  static override readonly message = 'There is no such user.';
}

export class EmailTaken extends Conflict {
  static override readonly code = 'EMAIL_TAKEN';
  static override readonly message = 'Another account has this e-mail address.';
}
