import { requestOf } from './http-context.js';
import { hash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { PreconditionFailed } from '../errors/errors.js';

/** A strong entity tag (RFC 9110, 8.8.3) of an answer's `data`; `meta` differs from one answer to the next. */
export function entityTagOf(json: string): string {
  return `"${hash('sha256', json, 'base64url').slice(0, 27)}"`;
}

/** Whether a list such as `"a", W/"b"` or `*` has the tag. */
export function hasEntityTag(header: string, tag: string): boolean {
  return header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}

/** The request's `If-Match`: what the caller believes to change. */
export class IfMatch {
  constructor(private readonly header: string | undefined) {}

  /**
   * Refuses to change what somebody else has changed meanwhile. To be called inside the transaction that writes.
   *
   * @param read gives the resource as its GET would; called only if the caller sent the header
   * @throws {PreconditionFailed}
   */
  async check(read: () => Promise<object>): Promise<void> {
    if (this.header === undefined) return;
    const tag = entityTagOf(JSON.stringify(await read()));
    // A weak tag never matches here (RFC 9110, 13.1.1); ours are strong.
    const isSame = this.header.trim() === '*' || this.header.split(',').some((each) => each.trim() === tag);
    if (!isSame) throw new PreconditionFailed();
  }
}

/** The handler's {@link IfMatch}; the route documents the header and 412 by itself. */
export const Precondition = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => new IfMatch(requestOf(context).headers['if-match']),
);
