import { applyDecorators, HttpCode, SetMetadata, type Type } from '@nestjs/common';
import type { TypedErrorClass } from '../errors/typed-error.js';

export const RESPONSE_CONTRACT = Symbol('response contract');

/** What a route answers with: one declaration for the status, the documentation and the tests. */
export interface ResponseContract {
  /** The DTO of `data`, or of each item when `isList`; null when the answer has no body, or one that is not JSON. */
  type: Type | null;
  /** Of a body that the handler returns as it is to be sent; null for JSON. */
  mediaType: MediaType | null;
  isList: boolean;
  /** Whether the handler returns a `Page`, so that `meta.pagination` is there. */
  paginated: boolean;
  status: number;
  /** Further ones, for a `RequestDone` (2xx), a `Redirect` (3xx), or a handler that sets one. */
  otherStatuses: number[];
  summary: string;
  description?: string;
  /** Errors beyond those that every route of its kind may answer with (401, 403, 400 validation, 429, 500). */
  errors: TypedErrorClass[];
  /** Whether the answer has an `ETag`, and a GET that knows it is answered 304. */
  etag: boolean;
  /** False for routes outside the API, whose body is the DTO itself. */
  envelope: boolean;
}

/** Such as `application/xml`. */
export type MediaType = `${string}/${string}`;

export interface RespondsOptions {
  /** One line for the list of routes in the documentation. */
  summary: string;
  /** Markdown. */
  description?: string;
  /** Default 200, or 204 without a body. */
  status?: number;
  /** Further statuses: of a `RequestDone` (2xx), a `Redirect` (3xx), or set by the handler. */
  otherStatuses?: number[];
  errors?: TypedErrorClass[];
  /** The handler returns a `Page` of the listed DTO. Default false. */
  paginated?: boolean;
  /** Sends an `ETag`, and answers 304 to a GET whose `If-None-Match` has it. Default false. */
  etag?: boolean;
  /** Default true. */
  envelope?: boolean;
}

/**
 * Declares what a route answers with.
 *
 * ```ts
 * @Responds(UserResponse, { summary: 'Read a user', errors: [UserNotFound] })   // data: UserResponse
 * @Responds([SessionResponse], { summary: 'List my sessions' })                 // data: SessionResponse[]
 * @Responds([UserResponse], { summary: 'List users', paginated: true })         // the same, and meta.pagination
 * @Responds(null, { summary: 'Delete a user' })                                 // 204, no body
 * @Responds('application/xml', { summary: 'Sitemap' })                          // the text that the handler returns
 * ```
 */
export function Responds(type: Type | [Type] | MediaType | null, options: RespondsOptions): MethodDecorator {
  const isList = Array.isArray(type);
  const mediaType = typeof type === 'string' ? type : null;
  const contract: ResponseContract = {
    type: isList ? type[0] : typeof type === 'string' ? null : type,
    mediaType,
    isList,
    paginated: options.paginated ?? false,
    status: options.status ?? (type === null ? 204 : 200),
    otherStatuses: options.otherStatuses ?? [],
    summary: options.summary,
    description: options.description,
    errors: options.errors ?? [],
    etag: options.etag ?? false,
    envelope: (options.envelope ?? true) && type !== null && mediaType === null,
  };
  return applyDecorators(SetMetadata(RESPONSE_CONTRACT, contract), HttpCode(contract.status));
}
