import { Injectable } from '@nestjs/common';
import { Database } from '../../core/firestore/database.js';
import type { EmailDocument } from './user.document.js';
import { normalize } from './user-search.js';
import { EmailTaken } from './users.errors.js';

/** Keeps e-mails unique, however many ask for the same one at once. */
@Injectable()
export class EmailsRepository {
  constructor(private readonly database: Database) {}

  /** @throws {EmailTaken} */
  async claim(email: string, userId: string): Promise<void> {
    const reference = this.document(email);
    const { exists } = await this.database.get(reference);
    if (exists) throw new EmailTaken();
    this.database.create(reference, { userId });
  }

  release(email: string): void {
    this.database.delete(this.document(email));
  }

  private document(email: string) {
    const id = normalize(email).replaceAll(/[%/]/g, encodeURIComponent); // "/" is the one that no document id may hold
    return this.database.collection<EmailDocument>('emails').doc(id);
  }
}
