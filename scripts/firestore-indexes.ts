/**
 * `npm run firestore:indexes`: runs the tests through HTTP on one engine that remembers which composite indexes their
 * queries need, and adds those that are missing to firestore.indexes.json. With `--check` it writes nothing and fails if
 * one is missing; with `--prune` it drops those that no query has needed. In every other run of the tests the engine itself
 * refuses a query whose index is not declared.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type IndexFile, startEmbeddedFirestore } from 'embedded-firestore';
import { format, resolveConfig } from 'prettier';

type Index = IndexFile['indexes'][number];

const FILE = 'firestore.indexes.json';
const DOCUMENTS = 'src/features/**/*.document.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean' }, prune: { type: 'boolean' } },
});

const required = await runTests(positionals.length > 0 ? positionals : ['e2e-spec']);
const declared = JSON.parse(readFileSync(FILE, 'utf8')) as IndexFile;
const isDeclared = (index: Index) => declared.indexes.some((each) => keyOf(each) === keyOf(index));
const isRequired = (index: Index) => required.some((each) => keyOf(each) === keyOf(index));
const missing = required.filter((index) => !isDeclared(index) && !isMerged(index));

for (const index of missing) console.log(`missing: ${JSON.stringify(index)}`);
if (values.check) process.exitCode = missing.length === 0 ? 0 : 1;
else await write([...declared.indexes.filter((index) => !values.prune || isRequired(index)), ...missing]);

/** What the queries of these tests needed, of the service's own collections; tests have further ones. */
async function runTests(paths: string[]): Promise<Index[]> {
  const engine = await startEmbeddedFirestore();
  const tests = spawn('npm', ['test', '--', '--silent', ...paths], {
    stdio: 'inherit',
    env: { ...process.env, FIRESTORE_EMULATOR_HOST: engine.address },
  });
  const [code] = (await once(tests, 'exit')) as [number | null];
  const { indexes } = await engine.requiredIndexes();
  await engine.close();
  if (code !== 0) throw new Error('The tests failed; their queries may not be all.');
  return indexes.filter(({ collectionGroup }) => ownCollections().has(collectionGroup));
}

function ownCollections(): Set<string> {
  const sources = globSync(DOCUMENTS).map((file) => readFileSync(file, 'utf8'));
  const names = sources.flatMap((text) => [...text.matchAll(/@Document\(\{\s*collection: '([^']+)'/g)]);
  return new Set(names.map(([, path]) => path!.split('/').at(-1)!));
}

/** Firestore merges indexes that sort alike: role and searchPrefixes by createdAt need none of their own together. */
function isMerged({ collectionGroup, queryScope, fields }: Index): boolean {
  const filters = fields.slice(0, -1);
  return filters.every((filter) =>
    isDeclared({ collectionGroup, queryScope, fields: [filter, fields.at(-1)!] }),
  );
}

function keyOf({ collectionGroup, queryScope, fields }: Index): string {
  const parts = fields.map(({ fieldPath, order, arrayConfig }) => `${fieldPath} ${order ?? arrayConfig}`);
  return [collectionGroup, queryScope, ...parts].join();
}

async function write(indexes: Index[]): Promise<void> {
  const sorted = indexes.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const text = JSON.stringify({ ...declared, indexes: sorted });
  writeFileSync(FILE, await format(text, { ...(await resolveConfig(FILE)), parser: 'json' }));
  console.log(`${FILE}: ${sorted.length} indexes, ${missing.length} new`);
}
