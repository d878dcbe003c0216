import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';

/** The service's secrets, all derived from `JWT_SECRET`, each for one purpose only. */
@Injectable()
export class Keys {
  /** Signs and verifies access tokens. A KeyObject: jsonwebtoken would parse a string anew for each token. */
  readonly accessToken: KeyObject;

  constructor(private readonly settings: Settings) {
    this.accessToken = createSecretKey(Buffer.from(settings.JWT_SECRET));
  }

  /** Key material for one purpose (RFC 5869), so that no key is ever used for two. */
  derive(purpose: string, bytes: number): Buffer {
    return Buffer.from(hkdfSync('sha256', this.settings.JWT_SECRET, '', purpose, bytes));
  }
}
