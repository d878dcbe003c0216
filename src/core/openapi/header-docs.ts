import type { ApiHeaderOptions } from '@nestjs/swagger';
import type { Route } from '../routing/list-routes.js';

interface Header {
  description: string;
  schema: { type: 'string' };
}

const header = (description: string): Header => ({ description, schema: { type: 'string' } });

/** What a caller may send, by what the route declares. */
export function requestHeadersOf({ method, contract }: Route): ApiHeaderOptions[] {
  const headers: Record<string, string> = {
    ...(contract.isIdempotent && {
      'Idempotency-Key':
        '8 to 128 visible characters of your choice. A repeat within 24 hours gets the same answer and does nothing.',
    }),
    ...(contract.hasPrecondition && {
      'If-Match': 'The `ETag` of what you have read: 412 if it has changed since.',
    }),
    ...(contract.response?.etag === true &&
      method === 'GET' && { 'If-None-Match': 'The `ETag` of what you have: 304 if it is still that.' }),
  };
  return Object.entries(headers).map(([name, description]) => ({ name, description, required: false }));
}

/** What a success brings besides its body. */
export function responseHeadersOf({ contract }: Route): Record<string, Header> {
  const { deprecation, isIdempotent, response } = contract;
  return {
    ...(response?.etag && { ETag: header('Changes whenever `data` does.') }),
    ...(isIdempotent && {
      'Idempotency-Replayed': header('`true` if this is the answer to an earlier request.'),
    }),
    ...(deprecation && { Deprecation: header('Since when the route is deprecated (RFC 9745).') }),
    ...(deprecation?.sunset && { Sunset: header('When the route ends (RFC 8594).') }),
    ...(deprecation?.successor && { Link: header('The route that replaces it: `rel="successor-version"`.') }),
  };
}
