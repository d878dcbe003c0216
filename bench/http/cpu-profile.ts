/** What V8's profiler tells, and how this bench reads it. */

export interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}
export interface Profile {
  nodes: ProfileNode[];
  samples: number[];
  /** In microseconds. */
  timeDeltas: number[];
}

/** Microseconds by function; a function that calls itself counts once. */
export function sum({ nodes, samples, timeDeltas }: Profile) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  const add = (times: Map<string, number>, where: string, time: number) =>
    times.set(where, (times.get(where) ?? 0) + time);
  let busy = 0;
  for (const [at, id] of samples.entries()) {
    const node = byId.get(id)!;
    if (node.callFrame.functionName === '(idle)') continue;
    const time = timeDeltas[at]!;
    busy += time;
    add(self, nameOf(node), time);
    const seen = new Set<string>();
    for (let each: ProfileNode | undefined = node; each; each = byId.get(parents.get(each.id) ?? -1))
      seen.add(nameOf(each));
    for (const where of seen) add(total, where, time);
  }
  return { self, total, busy };
}

/** A function with its file and line, the same on every machine. */
export function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.replace(/^.*\/(?:\.cache\/bench|node_modules|\.build)\//, '').replace('node:', '');
  return `${functionName || '(anonymous)'} ${file}${file ? `:${lineNumber + 1}` : ''}`;
}
