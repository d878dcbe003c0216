import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parseCookie, type SetCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { Keys } from '../auth/keys.js';

/**
 * Signed cookies: what the browser sends back is what the service set, under the same name. `HttpOnly`,
 * `SameSite=Lax` and, in production, `Secure` unless told otherwise. No plugin: a request without them costs nothing.
 */
@Injectable()
export class Cookies {
  private readonly key: Buffer;

  constructor(
    keys: Keys,
    private readonly settings: Settings,
  ) {
    this.key = keys.derive('cookie', 32);
  }

  set(reply: FastifyReply, name: string, value: string, options: Partial<SetCookie> = {}): void {
    const cookie = stringifySetCookie({
      name,
      value: `${value}.${this.sign(name, value)}`,
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: this.settings.NODE_ENV === 'production',
      ...options,
    });
    reply.header('set-cookie', cookie); // Fastify keeps several of them
  }

  clear(reply: FastifyReply, name: string): void {
    this.set(reply, name, '', { maxAge: 0 });
  }

  /** Undefined if it was not sent, or not set by this service under this name. */
  read({ headers }: FastifyRequest, name: string): string | undefined {
    const signed = headers.cookie === undefined ? undefined : parseCookie(headers.cookie)[name];
    if (signed === undefined) return undefined;
    const dot = signed.lastIndexOf('.');
    const value = signed.slice(0, dot);
    const [given, right] = [Buffer.from(signed.slice(dot + 1)), Buffer.from(this.sign(name, value))];
    return given.length === right.length && timingSafeEqual(given, right) ? value : undefined;
  }

  /** The name is signed too: the value of one cookie must not do for another. */
  private sign(name: string, value: string): string {
    return createHmac('sha256', this.key).update(`${name}=${value}`).digest('base64url');
  }
}
