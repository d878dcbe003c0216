/** Matches the paths that a Fastify route of this URL does; its parameters match anything but nothing and a slash. */
export function pathPattern(url: string): RegExp {
  const literal = url.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll(/:[^/]+/g, '[^/]+')}$`);
}

/** The path of a request, without its query. */
export const pathOf = (url: string): string => url.split('?', 1)[0]!;
