import { Conflict, NotFound, ServiceUnavailable } from '../errors/errors.js';

/** 503: others changed the same documents at each attempt. Nothing was written. */
export class Contention extends ServiceUnavailable {
  static override readonly code = 'CONTENTION';
  static override readonly message =
    'Others are changing the same data; nothing was written. Try again in a moment.';
}

/** 404: a document that must exist does not. A document class may name its own error instead. */
export class DocumentNotFound extends NotFound {
  static override readonly code: string = 'DOCUMENT_NOT_FOUND';
}

/** 409: a document to be created exists already. A document class may name its own error instead. */
export class DocumentExists extends Conflict {
  static override readonly code: string = 'DOCUMENT_EXISTS';
  static override readonly message: string = 'This exists already.';
}

/** 409: an upsert's `expected` values are not the stored ones. */
export class DocumentChanged extends Conflict {
  static override readonly code: string = 'DOCUMENT_CHANGED';
  static override readonly message: string = 'Somebody has changed this in the meantime.';
}

/** A document that breaks the rules of its class; our fault, as DTOs refuse what clients send. Nothing is written. */
export class InvalidDocument extends Error {
  constructor(
    /** `collection/id`. */
    readonly document: string,
    readonly mistakes: readonly string[],
  ) {
    super(`${document} would not be valid: ${mistakes.join('; ')}`);
    this.name = 'InvalidDocument';
  }
}
