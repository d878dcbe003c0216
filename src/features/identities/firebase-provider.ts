import { randomUUID } from 'node:crypto';
import type { Agent } from 'node:https';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { App } from 'firebase-admin/app';
import type { DecodedIdToken } from 'firebase-admin/auth';
import { Settings } from '../../config/settings.js';
import { ServiceUnavailable } from '../../core/errors/errors.js';
import { within } from '../../core/errors/within.js';
import type { IdentityClaims, IdentityProvider } from './identity-provider.js';

const PATIENCE = 5000;
/** Seconds by which Google's clock may differ. */
const CLOCK_TOLERANCE = 5;
/** What firebase-admin says when it could not get Google's keys; the codes of its errors do not tell that apart. */
const UNREACHABLE = /fetching public keys|making request|No answer within/;

/**
 * Firebase Authentication, by firebase-admin's own verifier: RS256 by a key of Google's that the `kid` names, issuer and
 * audience of the project, subject, times.
 */
@Injectable()
export class FirebaseProvider implements IdentityProvider, OnApplicationShutdown {
  readonly issuer: string;
  /** A test puts an agent here that goes to its own server instead of Google's. */
  agent: Agent | undefined;

  private readonly logger = new Logger(FirebaseProvider.name);
  private app: Promise<App> | undefined;

  constructor(private readonly settings: Settings) {
    this.issuer = `https://securetoken.google.com/${settings.GOOGLE_CLOUD_PROJECT}`;
  }

  async verify(token: string): Promise<IdentityClaims | undefined> {
    const { getAuth } = await import('firebase-admin/auth');
    const app = await (this.app ??= this.createApp());
    try {
      const claims = await within(PATIENCE, getAuth(app).verifyIdToken(token));
      return isTimely(claims) ? claims : undefined;
    } catch (error) {
      const { message } = error as Error;
      if (UNREACHABLE.test(message))
        throw new ServiceUnavailable({ cause: error, headers: { 'Retry-After': '5' } });
      this.logger.debug(`A token of Firebase was refused: ${message}`);
      return undefined;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.app) return;
    const { deleteApp } = await import('firebase-admin/app');
    await deleteApp(await this.app);
  }

  private async createApp(): Promise<App> {
    const { initializeApp } = await import('firebase-admin/app');
    const options = { projectId: this.settings.GOOGLE_CLOUD_PROJECT, httpAgent: this.agent };
    return initializeApp(options, `sign-in ${randomUUID()}`);
  }
}

/** What the verifier leaves out of Firebase's own list: it takes a token that never expires, or is from tomorrow. */
function isTimely({ exp, iat, auth_time }: Partial<DecodedIdToken>): boolean {
  const now = Date.now() / 1000 + CLOCK_TOLERANCE;
  const isPast = (time: unknown) => typeof time === 'number' && time <= now;
  return typeof exp === 'number' && isPast(iat) && isPast(auth_time);
}
