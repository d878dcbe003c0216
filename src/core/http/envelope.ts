import type { Pagination } from '../pagination/page.js';

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
  return { requestId, timestamp: new Date().toISOString() };
}
