/** What `node:http` shares with `fetch`. */
const OF_FETCH = ['WebSocket', 'CloseEvent', 'MessageEvent'];

/**
 * Has a start take less memory; must run before anything else is imported.
 *
 * An `import` of `node:http` reads all that the module exports, and these make Node.js load its `fetch` (8 MB, a
 * twentieth of a start). Nobody asks `http` for them; as globals they are there as before.
 *
 * What a start makes is there to stay. To V8 that looks like a need for a larger young generation, of which 16 MB would
 * never be given back: it stays small until {@link endLeanStart}.
 */
export function beginLeanStart(): void {
  const http = process.getBuiltinModule('node:http');
  for (const name of OF_FETCH) if (name in http) Reflect.defineProperty(http, name, { enumerable: false });
  growYoungGeneration(1);
}

/** From now on requests decide how large the young generation is. */
export function endLeanStart(): void {
  growYoungGeneration(2); // V8's default
}

/** @param factor by which V8 multiplies its size when much has survived in it */
function growYoungGeneration(factor: number): void {
  process.getBuiltinModule('node:v8').setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
