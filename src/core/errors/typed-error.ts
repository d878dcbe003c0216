/** What one occurrence of an error adds to its class. */
export interface TypedErrorOptions<Details> {
  /** Replaces the class's message in the answer; never put a secret or a cause's text here. */
  message?: string;
  details?: Details;
  /** Logged, never sent. */
  cause?: unknown;
  /** Response headers that belong to the error, e.g. `Retry-After`. */
  headers?: Record<string, string>;
}

/**
 * The one class to extend for an error that a client may see. The statics declare the error, so that a route can
 * list it and OpenAPI can document it; an instance is one occurrence.
 *
 * ```ts
 * export class OrderShipped extends TypedError<{ shippedAt: string }> {
 *   static override readonly status = 409;
 *   static override readonly code = 'ORDER_SHIPPED';
 *   static override readonly message = 'The order has left the house and cannot be changed.';
 * }
 * throw new OrderShipped({ details: { shippedAt } });
 * ```
 */
export abstract class TypedError<Details = undefined> extends Error {
  /** HTTP status, 400..599. */
  static readonly status: number = 500;
  /** Stable and upper snake case: clients branch on it. */
  static readonly code: string = 'INTERNAL_SERVER_ERROR';
  /** The message sent when an occurrence brings none of its own. */
  static readonly message: string = 'Something went wrong.';
  /** Whether `@Transactional()` runs the request again when this is thrown. */
  static readonly retryable: boolean = false;

  readonly status: number;
  readonly code: string;
  readonly details: Details | undefined;
  readonly headers: Record<string, string>;

  constructor(options: TypedErrorOptions<Details> = {}) {
    const type = new.target as unknown as TypedErrorClass;
    super(options.message ?? type.message, { cause: options.cause });
    this.name = type.name;
    this.status = type.status;
    this.code = type.code;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }

  get retryable(): boolean {
    return (this.constructor as unknown as TypedErrorClass).retryable;
  }
}

/** A concrete error class, as routes list it in `@Responds(..., { errors })`. */
export interface TypedErrorClass {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any constructor of a subclass
  new (...args: any[]): TypedError<unknown>;
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}
