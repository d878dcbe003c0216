import type { FastifyInstance } from 'fastify';
import { UnsupportedVersion } from '../errors/errors.js';

/** Answers a version that a path does not have with the list of those that it has. Fastify by itself answers 404. */
export class UnsupportedVersions {
  /** Versions by the path around them. */
  private readonly paths = new Map<string, Set<string>>();
  private readonly versioned: RegExp;

  constructor(
    private readonly fastify: FastifyInstance,
    private readonly prefix: string,
  ) {
    this.versioned = new RegExp(`^/${prefix}/v(\\d+)(/.*)?$`);
    fastify.addHook('onRoute', ({ url }) => {
      const [, version, rest = ''] = this.versioned.exec(url) ?? [];
      if (!version) return;
      const versions = this.paths.get(rest) ?? new Set();
      this.paths.set(rest, versions.add(version));
    });
  }

  /** Call it once, when all routes are registered: the router prefers a path with its version to these. */
  refuse(): void {
    const seen = new Set<string>();
    for (const [rest, versions] of [...this.paths]) {
      const shape = rest.replaceAll(/:[^/]+/g, ':'); // two names of one parameter are one path to the router
      if (seen.has(shape)) continue;
      seen.add(shape);
      const supported = [...versions].sort();
      this.fastify.route({
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        url: `/${this.prefix}/v:unsupportedVersion${rest}`,
        handler: () => {
          throw new UnsupportedVersion({
            message: `This path has ${supported.length > 1 ? 'the versions' : 'version'} ${supported.join(', ')}.`,
            details: { supported },
          });
        },
      });
    }
  }
}
