import { NotFound } from '../../core/errors/errors.js';

export class NoteNotFound extends NotFound {
  static override readonly code = 'NOTE_NOT_FOUND';
  static override readonly message = 'There is no such note.';
}
