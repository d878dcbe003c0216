import { globSync, readFileSync } from 'node:fs';

const RESPONSES = 'coverage/responses';
/** A dynamic error has any status. */
const ANY_STATUS = 'default';

/** Jest's globalTeardown: after a run of all tests, fails with a list of the documented responses that none produced. */
export default function teardown(run, { testMatch }) {
  const isPart =
    run.testPathPatterns.patterns.length > 0 || run.testNamePattern || run.shard || run.onlyChanged;
  if (isPart || !testMatch.some((pattern) => pattern.includes('e2e-spec'))) return;
  const seen = new Set(
    globSync(`${RESPONSES}/*.txt`).flatMap((file) => readFileSync(file, 'utf8').split('\n')),
  );
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8'));
  const documented = Object.values(paths)
    .flatMap((path) => Object.values(path))
    .flatMap(({ operationId, responses }) => Object.keys(responses).map((status) => [operationId, status]))
    .filter(([, status]) => status !== ANY_STATUS)
    .map((pair) => pair.join(' '));
  const missing = documented.filter((each) => !seen.has(each));
  if (missing.length === 0) return;
  throw new Error(`Documented responses that no test produced:\n${missing.join('\n')}`);
}
