import type { IncomingMessage } from 'node:http';

/**
 * Lets a client of `/api/users` name the version elsewhere than in the path: `?version=2`, `X-API-Version: 2` or
 * `Accept: application/vnd.<service>.v2+json`, the first of these that is there. The request goes on as if it had asked
 * for `/api/v2/users`. A path with a version is left alone.
 */
export function versionSelector(prefix: string, service: string): (request: IncomingMessage) => string {
  const base = `/${prefix}/`;
  const mediaType = new RegExp(`\\bapplication/vnd\\.${RegExp.escape(service)}\\.v([\\w.-]+)\\+json`, 'i');
  return ({ url = '/', headers }) => {
    if (!url.startsWith(base) || /^v\d/.test(url.slice(base.length, base.length + 2))) return url;
    const [path, query] = url.split('?', 2) as [string, string | undefined];
    const parameters = new URLSearchParams(query);
    const header = headers['x-api-version'];
    const version =
      parameters.get('version') ??
      (typeof header === 'string' ? header : undefined) ??
      mediaType.exec(headers.accept ?? '')?.[1];
    if (!version) return url;
    parameters.delete('version');
    const rest = parameters.size > 0 ? `?${parameters.toString()}` : '';
    return `${base}v${encodeURIComponent(version)}/${path.slice(base.length)}${rest}`;
  };
}
