import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UnsupportedVersion } from '../errors/errors.js';
import { pathOf, pathPattern } from '../routing/path-pattern.js';

/** Answers a version that a path does not have with the list of those that it has. Fastify by itself answers 404. */
export class UnsupportedVersions {
  /** Versions by the path behind them. */
  private readonly versionsByRest = new Map<string, Set<string>>();
  private readonly versioned: RegExp;

  /** Create it before the routes are registered. */
  constructor(fastify: FastifyInstance, prefix: string) {
    this.versioned = new RegExp(`^/${prefix}/v([^/]+)(/.*)?$`);
    fastify.addHook('onRoute', ({ url }) => {
      const [, version, rest = ''] = this.versioned.exec(url) ?? [];
      if (!version) return;
      const versions = this.versionsByRest.get(rest) ?? new Set();
      this.versionsByRest.set(rest, versions.add(version));
    });
  }

  /** Why the router found nothing for the request, if that is its version. */
  errorFor({ url }: FastifyRequest): UnsupportedVersion | undefined {
    const [, version, rest = ''] = this.versioned.exec(pathOf(url)) ?? [];
    if (!version) return undefined;
    const all = [...this.versionsByRest].flatMap(([each, versions]) =>
      pathPattern(each).test(rest) ? [...versions] : [],
    );
    const supported = [...new Set(all)].sort();
    if (supported.length === 0 || supported.includes(version)) return undefined;
    return new UnsupportedVersion({
      message: `This path has ${supported.length > 1 ? 'the versions' : 'version'} ${supported.join(', ')}.`,
      details: { supported },
    });
  }
}
