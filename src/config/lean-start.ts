/** What `node:http` shares with `fetch`. */
const OF_FETCH = ['WebSocket', 'CloseEvent', 'MessageEvent'];

/** Packages of many files that another one loads at once and hardly ever uses. */
const SELDOM_USED = [
  { name: 'libphonenumber-js/max', by: 'class-validator' }, // `@IsPhoneNumber`
  { name: 'jsonwebtoken', by: 'passport-jwt' }, // the first token
  { name: 'mime-db', by: '@fastify/compress' }, // an answer of a media type that compression does not know
];

/**
 * Has a start take less time and memory; must run before anything else is imported.
 *
 * An `import` of `node:http` reads all that the module exports, and these make Node.js load its `fetch` (8 MB, a
 * twentieth of a start). Nobody asks `http` for them; as globals they are there as before.
 *
 * What a start makes is there to stay. To V8 that looks like a need for a larger young generation, of which 16 MB would
 * never be given back: it stays small until {@link endLeanStart}.
 *
 * Most of the time goes into finding and compiling files: compiled ones are kept, and fewer of them read.
 */
export function beginLeanStart(): void {
  const http = process.getBuiltinModule('node:http');
  for (const name of OF_FETCH) if (name in http) Reflect.defineProperty(http, name, { enumerable: false });
  growYoungGeneration(1);
  keepCompiled();
  for (const { name, by } of SELDOM_USED) ifInstalled(() => loadAtFirstUse(name, by));
  ifInstalled(loadRxjsInOneFile);
  ifInstalled(loadValidatorInOneFile);
}

/** What another version or another choice of packages has elsewhere is loaded as always. A test tells (start.e2e-spec.ts). */
function ifInstalled(shorten: () => void): void {
  try {
    shorten();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
  }
}

/** From now on requests decide how large the young generation is. */
export function endLeanStart(): void {
  growYoungGeneration(2); // V8's default
  process.getBuiltinModule('node:module').flushCompileCache(); // now, for who is killed writes nothing at the end
}

/** @param factor by which V8 multiplies its size when much has survived in it */
function growYoungGeneration(factor: number): void {
  process.getBuiltinModule('node:v8').setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}

/** Has Node.js keep what it compiles for the next start, a tenth of its time. No matter if it cannot be written. */
export function keepCompiled(): void {
  const path = process.getBuiltinModule('node:path');
  const directory = path.join(import.meta.dirname, '../../node_modules/.cache/compile');
  process.getBuiltinModule('node:module').enableCompileCache(directory);
}

/** Whoever requires the package gets something that loads it when it is first looked into. */
function loadAtFirstUse(name: string, by: string): void {
  const require = requireOf(by);
  const file = require.resolve(name);
  let loaded: object | undefined;
  const load = (): object => {
    if (loaded) return loaded;
    delete require.cache[file];
    return (loaded = require(name) as object);
  };
  provide(file, new Proxy({}, { get: (_target, property) => Reflect.get(load(), property) as unknown }));
}

/** rxjs itself publishes its 220 files in one, too. */
function loadRxjsInOneFile(): void {
  const require = requireOf('rxjs');
  const file = require.resolve('rxjs');
  const library = require(file.replace(/cjs.index\.js$/, 'bundles/rxjs.umd.js')) as { operators: object };
  provide(file, library);
  provide(require.resolve('rxjs/operators'), library.operators);
}

/** So does validator; class-validator asks for half of its files. */
function loadValidatorInOneFile(): void {
  const require = requireOf('class-validator');
  const file = require.resolve('validator');
  const library = require(file.replace(/index\.js$/, 'validator.js')) as Record<string, unknown>;
  for (const [name, validator] of Object.entries(library))
    provide(file.replace(/index\.js$/, `lib/${name}.js`), validator);
}

/** The `require` of a package. */
function requireOf(name: string): NodeJS.Require {
  const { Module } = process.getBuiltinModule('node:module');
  return Module.createRequire(Module.createRequire(import.meta.url).resolve(name));
}

/** Answers who requires the file with these exports. */
function provide(file: string, exports: unknown): void {
  const { Module } = process.getBuiltinModule('node:module');
  const module = Object.assign(new Module(file), { filename: file, loaded: true, exports });
  Module.createRequire(file).cache[file] = module;
}
