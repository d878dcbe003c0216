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
  const { deprecation, response } = contract;
  return {
    ...(response?.etag && { ETag: header('Changes whenever `data` does.') }),
    ...(deprecation && { Deprecation: header('Since when the route is deprecated (RFC 9745).') }),
    ...(deprecation?.sunset && { Sunset: header('When the route ends (RFC 8594).') }),
    ...(deprecation?.successor && { Link: header('The route that replaces it: `rel="successor-version"`.') }),
  };
}
