import { Conflict, NotFound } from '../../core/errors/errors.js';

export class ApiKeyNotFound extends NotFound {
  static override readonly code = 'API_KEY_NOT_FOUND';
  static override readonly message = 'You have no such API key.';
}

export class TooManyApiKeys extends Conflict {
  static override readonly code = 'TOO_MANY_API_KEYS';
  static override readonly message = 'You have as many API keys as one may have; revoke one first.';
}
