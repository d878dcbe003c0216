import type { Pagination } from '../pagination/page.js';
import { isoTime } from '../serialization/iso-time.js';

/** What each answer says about itself. */
export interface Meta {
  requestId: string;
  /** ISO 8601, UTC. */
  timestamp: string;
  pagination?: Pagination;
}

/** The body of each successful answer of the API. */
export interface APIResponse<Data> {
  success: true;
  data: Data;
  meta: Meta;
}

/** The body of each failure of the API. */
export interface APIErrorResponse {
  success: false;
  error: {
    code: string;
    message: string;
    details?: unknown;
    /** Only with `NODE_ENV=development`. */
    stack?: string;
  };
  meta: Meta;
}

export function metaOf(requestId: string): Meta {
  return { requestId, timestamp: isoTime(new Date()) };
}

/** The same as JSON, by hand: it is in each answer. No request id has a character to escape (see `request-id.ts`). */
export function metaJson(requestId: string, pagination?: Pagination): string {
  const paged = pagination ? `,"pagination":${JSON.stringify(pagination)}` : '';
  return `{"requestId":"${requestId}","timestamp":"${isoTime(new Date())}"${paged}}`;
}
