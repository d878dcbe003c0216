import { TypedError, type TypedErrorOptions } from './typed-error.js';

/** 400: the request is wrong in a way that no other error names. */
export class BadRequest extends TypedError<object> {
  static override readonly status: number = 400;
  static override readonly code: string = 'BAD_REQUEST';
  static override readonly message: string = 'The request cannot be understood.';
}

/** 400: the path exists, but not in the version that was asked for. */
export class UnsupportedVersion extends TypedError<{ supported: string[] }> {
  static override readonly status = 400;
  static override readonly code = 'UNSUPPORTED_VERSION';
  static override readonly message = 'This path does not have that version.';
}

/** One rule that one value of the input breaks. */
export interface InputViolation {
  /** Path of the value, e.g. `address.lines[0].street`. */
  field: string;
  message: string;
  /** Name of the broken rule, e.g. `isEmail`. */
  constraint: string;
}

/** 400: a body, query, path or header that breaks the rules of its DTO. */
export class InvalidInput extends TypedError<{ errors: InputViolation[] }> {
  static override readonly status = 400;
  static override readonly code = 'VALIDATION_ERROR';
  static override readonly message = 'The input is not valid.';

  constructor(errors: InputViolation[]) {
    super({ details: { errors } });
  }
}

/** 401: nobody is signed in, or the credentials do not hold. */
export class Unauthorized extends TypedError<object> {
  static override readonly status: number = 401;
  static override readonly code: string = 'UNAUTHORIZED';
  static override readonly message: string = 'Sign in to use this route.';

  constructor(options: TypedErrorOptions<object> = {}) {
    // RFC 9110, 11.6.1: a 401 names the scheme that it expects.
    super({ ...options, headers: { 'WWW-Authenticate': 'Bearer', ...options.headers } });
  }
}

/** 403: signed in, but not allowed to do this. */
export class Forbidden extends TypedError<object> {
  static override readonly status: number = 403;
  static override readonly code: string = 'FORBIDDEN';
  static override readonly message: string = 'Your account may not do this.';
}

/** 404: no such route or no such thing. */
export class NotFound extends TypedError<object> {
  static override readonly status: number = 404;
  static override readonly code: string = 'NOT_FOUND';
  static override readonly message: string = 'Nothing was found here.';
}

/** 405: the path exists, the method does not. `Allow` lists those that do. */
export class MethodNotAllowed extends TypedError<{ allowed: string[] }> {
  static override readonly status = 405;
  static override readonly code = 'METHOD_NOT_ALLOWED';
  static override readonly message = 'This path does not answer that method.';
}

/** 409: the request contradicts what is stored. */
export class Conflict extends TypedError<object> {
  static override readonly status: number = 409;
  static override readonly code: string = 'CONFLICT';
  static override readonly message: string = 'The request contradicts the current state.';
}

/** 410: the route has had its day; see its `Sunset` and `Link`. */
export class Gone extends TypedError<object> {
  static override readonly status = 410;
  static override readonly code = 'GONE';
  static override readonly message = 'This version of the route has ended; use its successor.';
}

/** 412: the resource is no longer what `If-Match` says. */
export class PreconditionFailed extends TypedError<object> {
  static override readonly status = 412;
  static override readonly code = 'PRECONDITION_FAILED';
  static override readonly message = 'Somebody else has changed it meanwhile; read it again first.';
}

/** 413: the body is larger than the limit. */
export class PayloadTooLarge extends TypedError<object> {
  static override readonly status = 413;
  static override readonly code = 'PAYLOAD_TOO_LARGE';
  static override readonly message = 'The body is larger than this route accepts.';
}

/** 415: the body has a media type that the route does not read. */
export class UnsupportedMediaType extends TypedError<object> {
  static override readonly status = 415;
  static override readonly code = 'UNSUPPORTED_MEDIA_TYPE';
  static override readonly message =
    'The body has a media type that this route does not read; send application/json.';
}

/** 422: well-formed and valid, but it cannot be done. */
export class UnprocessableContent extends TypedError<object> {
  static override readonly status: number = 422;
  static override readonly code: string = 'UNPROCESSABLE_CONTENT';
  static override readonly message: string = 'The request cannot be carried out.';
}

/** 429: more requests than the rate limit allows. Comes with `Retry-After`. */
export class TooManyRequests extends TypedError<object> {
  static override readonly status: number = 429;
  static override readonly code: string = 'TOO_MANY_REQUESTS';
  static override readonly message: string = 'Too many requests; wait before the next one.';
}

/** 500: a fault of ours. The client learns nothing of the cause. */
export class Internal extends TypedError<object> {
  static override readonly status = 500;
  static override readonly code = 'INTERNAL_SERVER_ERROR';
  static override readonly message = 'Something went wrong on our side.';
}

/** 503: nothing was written; the same request may succeed in a moment. Comes with `Retry-After`. */
export class ServiceUnavailable extends TypedError<object> {
  static override readonly status: number = 503;
  static override readonly code: string = 'SERVICE_UNAVAILABLE';
  static override readonly message: string = 'The service is busy; try again in a moment.';
}

/** An error whose status, code and details are known only at run time, e.g. relayed from another service. */
export class DynamicError extends TypedError<object> {
  static override readonly code = 'DYNAMIC_ERROR';

  override readonly status: number;
  override readonly code: string;

  constructor(options: TypedErrorOptions<object> & { status: number; code: string; message: string }) {
    super(options);
    this.status = options.status;
    this.code = options.code;
  }
}
