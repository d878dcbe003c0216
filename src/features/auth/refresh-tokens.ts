import { createHmac, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keys } from '../../core/auth/keys.js';
import { Seal } from '../../core/auth/seal.js';

const FORM = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.[\w-]{65}$/;

/** Refresh tokens: `<session id>.<secret of 256 bits><seal>`, opaque to clients. */
@Injectable()
export class RefreshTokens {
  private readonly key: Buffer;
  private readonly seal: Seal;

  constructor(keys: Keys) {
    this.key = keys.derive('refresh-token', 32);
    this.seal = new Seal(keys, 'refresh-token');
  }

  create(sessionId: string): string {
    return this.seal.put(`${sessionId}.${randomBytes(32).toString('base64url')}`);
  }

  /**
   * What a genuine token is exchanged for. The same each time, so that two tabs which refresh at once get one token
   * although none is stored; without the key nobody can foresee it.
   */
  successorOf(token: string): string {
    const secret = createHmac('sha256', this.key).update(token).digest('base64url');
    return this.seal.put(`${this.sessionIdOf(token)}.${secret}`);
  }

  /** Undefined if the text is no token of ours: only who has, or had, one of a session can have it ended. */
  sessionIdOf(token: string): string | undefined {
    const id = FORM.exec(token)?.[1];
    return id !== undefined && this.seal.isOn(token) ? id : undefined;
  }
}
