/** Finishes the request from anywhere below the handler, successfully: a running transaction commits. */
export abstract class ShortCircuit extends Error {}

/**
 * Answers with data, as if the handler had returned it: the same response DTO is checked.
 *
 * ```ts
 * throw new RequestDone(toOrderResponse(existing), { status: 200 });
 * ```
 */
export class RequestDone extends ShortCircuit {
  readonly status: number | undefined;

  /** @param options.status a success that the route declares; by default its first one */
  constructor(
    readonly data?: unknown,
    options: { status?: number } = {},
  ) {
    super('The request is done.');
    this.status = options.status;
  }
}

/**
 * Sends the browser elsewhere: to a path of this service or to one of `ALLOWED_ORIGINS`, never wherever a caller's
 * input says. To an address that no caller can choose, such as an identity provider's, use {@link Redirect.external}.
 */
export class Redirect extends ShortCircuit {
  /** @param status one that the route declares; 303 has the browser follow with a GET */
  constructor(
    readonly url: string,
    readonly status: 301 | 302 | 303 | 307 | 308 = 303,
    readonly isExternal: boolean = false,
  ) {
    super('The request is redirected.');
  }

  static external(url: string, status?: Redirect['status']): Redirect {
    return new Redirect(url, status, true);
  }

  /** Whether the address is one that the service trusts. A browser reads `//` and `/\` as the beginning of a host. */
  isTrusted(origins: readonly string[]): boolean {
    if (this.isExternal || /^\/(?![/\\])/.test(this.url)) return !/[\t\r\n]/.test(this.url);
    return URL.canParse(this.url) && origins.includes(new URL(this.url).origin);
  }
}
