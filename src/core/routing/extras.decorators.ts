import { SetMetadata } from '@nestjs/common';

export const BODY_LIMIT = Symbol('body limit');
export const BODY_PARSER = Symbol('body parser');
export const HIDDEN = Symbol('hidden');
export const ALLOWED_ORIGINS = Symbol('allowed origins');

/** How a route reads a body that is not JSON. What it gives is validated like a JSON body. */
export interface RouteBodyParser {
  mediaType: string;
  parse(text: string): unknown;
}

/** Largest body of this route, in bytes, instead of `BODY_LIMIT`. */
export const BodyLimit = (bytes: number): MethodDecorator => SetMetadata(BODY_LIMIT, bytes);

/** Reads bodies of this media type too; other routes go on refusing it. What `parse` throws becomes a 400. */
export const BodyParser = (mediaType: string, parse: RouteBodyParser['parse']): MethodDecorator =>
  SetMetadata(BODY_PARSER, { mediaType, parse });

/** Browsers may call this route from these origins instead of `ALLOWED_ORIGINS`; `*` from any, without credentials. */
export const AllowOrigins = (...origins: [string, ...string[]]): MethodDecorator =>
  SetMetadata(ALLOWED_ORIGINS, origins);

/** Leaves the route out of the documentation. */
export const HiddenFromDocs = (): MethodDecorator => SetMetadata(HIDDEN, true);
