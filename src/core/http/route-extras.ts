import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { BadRequest, UnsupportedMediaType } from '../errors/errors.js';
import type { Route } from '../routing/list-routes.js';

/** Gives Fastify what the decorators of `routing/extras.decorators.ts` declare. */
export class RouteExtras {
  private readonly mediaTypes = new Set<string>();
  /** Allowed origins by path and method. */
  private readonly origins = new Map<string, Map<string, readonly string[]>>();

  constructor(private readonly fastify: FastifyInstance) {}

  apply({ method, contract }: Route, options: RouteOptions): void {
    if (contract.bodyLimit !== undefined) options.bodyLimit = contract.bodyLimit;
    if (contract.bodyParser) this.accept(contract.bodyParser.mediaType);
    if (contract.allowedOrigins) this.allow(options.url, method, contract.allowedOrigins);
  }

  /** The origins that may make this request, or the one that it is the preflight of; undefined for the service's own. */
  originsFor({ method, headers, routeOptions }: FastifyRequest): readonly string[] | undefined {
    if (headers.origin === undefined || this.origins.size === 0) return undefined;
    const asked = method === 'OPTIONS' ? headers['access-control-request-method'] : method;
    return this.origins.get(routeOptions.url ?? '')?.get(asked ?? '');
  }

  /** Fastify knows parsers of the whole server only, so this one asks the route. */
  private accept(mediaType: string): void {
    if (this.mediaTypes.has(mediaType)) return;
    this.mediaTypes.add(mediaType);
    this.fastify.addContentTypeParser<string>(mediaType, { parseAs: 'string' }, (request, body, done) => {
      const parser = request.routeOptions.config.route?.contract.bodyParser;
      if (parser?.mediaType !== mediaType) return done(new UnsupportedMediaType());
      try {
        done(null, parser.parse(body));
      } catch (cause) {
        done(new BadRequest({ message: `The body cannot be read as ${mediaType}.`, cause }));
      }
    });
  }

  private allow(url: string, method: string, origins: readonly string[]): void {
    const known = this.origins.get(url);
    if (known) return void known.set(method, origins);
    this.origins.set(url, new Map([[method, origins]]));
    // Without a route of its own the preflight would not know which path it is for.
    this.fastify.options(url, (_request, reply) => reply.status(204).send());
  }
}
