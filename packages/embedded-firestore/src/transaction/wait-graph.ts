import type { Owner, Request } from './lock-types.ts';

export interface Edge {
  request: Request;
  to: Owner;
  soft: boolean;
}

/** The edges of a circle of waiting that goes through `start`, if there is one. */
export function findCycle(start: Owner, edgesOf: (owner: Owner) => Iterable<Edge>): Edge[] | undefined {
  const visited = new Set<Owner>();
  const path: Edge[] = [];
  const stack = [[...edgesOf(start)]];
  while (stack.length > 0) {
    const edge = stack.at(-1)!.pop();
    if (!edge) {
      stack.pop();
      path.pop();
      continue;
    }
    if (edge.to === start) return [...path, edge];
    if (visited.has(edge.to)) continue;
    visited.add(edge.to);
    path.push(edge);
    stack.push([...edgesOf(edge.to)]);
  }
  return undefined;
}
