import { SetMetadata } from '@nestjs/common';

export const DEPRECATION = Symbol('deprecation');

export interface Deprecation {
  /** ISO date from which on clients are told to leave. */
  since: string;
  /** ISO date from which on the route answers 410. */
  sunset?: string;
  /** The version of the API that has the same path and replaces it, e.g. `'2'`. */
  successor?: string;
}

/**
 * Tells clients to leave a version: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and a link to the successor; 410 after
 * the sunset.
 */
export const Deprecated = (deprecation: Deprecation): MethodDecorator & ClassDecorator =>
  SetMetadata(DEPRECATION, deprecation);
