import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keys } from '../auth/keys.js';
import { BadRequest } from '../errors/errors.js';

/** 400: a `cursor` that this service did not issue, or issued for another list, filter or order. */
export class InvalidCursor extends BadRequest {
  static override readonly code = 'INVALID_CURSOR';
  static override readonly message = 'This cursor does not belong to this list; start again without one.';
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Turns the position after a page's last item into an opaque token and back. AES-256-GCM hides the values (they may be
 * e-mail addresses, and cursors end up in logs) and shows tampering; the list's own query is bound in as associated
 * data, so that a cursor works only for the query it came from.
 */
@Injectable()
export class Cursors {
  private readonly key: Buffer;

  constructor(keys: Keys) {
    this.key = keys.derive('cursor', 32);
  }

  /**
   * @param position JSON values of the sort fields and the id of the last item
   * @param query what the cursor is valid for: name of the list, filters, sort and order
   */
  encode(position: readonly unknown[], query: object): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(fingerprint(query));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(position)), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** @throws {InvalidCursor} if the token was changed, made up, or issued for another query */
  decode(token: string, query: object): unknown[] {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length <= IV_BYTES + TAG_BYTES) throw new InvalidCursor();
    const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(fingerprint(query)).setAuthTag(tag);
    try {
      const opened = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      return JSON.parse(opened.toString()) as unknown[];
    } catch (cause) {
      throw new InvalidCursor({ cause });
    }
  }
}

function fingerprint(query: object): Buffer {
  return createHash('sha256').update(JSON.stringify(query)).digest();
}
