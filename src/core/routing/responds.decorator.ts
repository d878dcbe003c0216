import { applyDecorators, HttpCode, SetMetadata, type Type } from '@nestjs/common';
import type { TypedErrorClass } from '../errors/typed-error.js';

export const RESPONSE_CONTRACT = Symbol('response contract');

/** What a route answers with: one declaration for the status, the documentation and the tests. */
export interface ResponseContract {
  /** The DTO of `data`, or of each item when `isList`; null when the answer has no body. */
  type: Type | null;
  isList: boolean;
  /** Whether the handler returns a `Page`, so that `meta.pagination` is there. */
  paginated: boolean;
  status: number;
  summary: string;
  description?: string;
  /** Errors beyond those that every route of its kind may answer with (401, 403, 400 validation, 429, 500). */
  errors: TypedErrorClass[];
  /** False for routes outside the API, whose body is the DTO itself. */
  envelope: boolean;
}

export interface RespondsOptions {
  /** One line for the list of routes in the documentation. */
  summary: string;
  /** Markdown. */
  description?: string;
  /** Default 200, or 204 without a body. */
  status?: number;
  errors?: TypedErrorClass[];
  /** The handler returns a `Page` of the listed DTO. Default false. */
  paginated?: boolean;
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
 * ```
 */
export function Responds(type: Type | [Type] | null, options: RespondsOptions): MethodDecorator {
  const isList = Array.isArray(type);
  const contract: ResponseContract = {
    type: isList ? type[0] : type,
    isList,
    paginated: options.paginated ?? false,
    status: options.status ?? (type === null ? 204 : 200),
    summary: options.summary,
    description: options.description,
    errors: options.errors ?? [],
    envelope: (options.envelope ?? true) && type !== null,
  };
  return applyDecorators(SetMetadata(RESPONSE_CONTRACT, contract), HttpCode(contract.status));
}
