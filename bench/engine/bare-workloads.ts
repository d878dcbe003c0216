import type { BareClient, Message } from './bare-client.ts';
import { load, timedAtOnce } from './workloads.ts';
import type { Workload } from './workloads.ts';

const DATABASE = 'projects/bench/databases/(default)';
const ROOT = `${DATABASE}/documents`;

export const bareWorkloads: Workload[] = [
  {
    name: 'get',
    rounds: 10,
    prepare: (db) => load(db, 'people', 500),
    work: { steps: 200, step: ({ bare }, at) => get(bare, `people/p${at}`) },
  },
  {
    name: 'get, 50 at once',
    rounds: 6,
    work: ({ bare }) => timedAtOnce(50, 40, (at) => get(bare, `people/p${at % 500}`)),
  },
  {
    name: 'set',
    rounds: 10,
    work: { steps: 200, step: ({ bare }, at) => set(bare, `people/p${at}`) },
  },
  {
    name: 'set, 50 at once',
    rounds: 6,
    work: ({ bare }) => timedAtOnce(50, 40, (at) => set(bare, `people/p${at % 500}`)),
  },
  {
    name: 'transaction: read and write',
    rounds: 10,
    prepare: (db) => load(db, 'counted', 100),
    work: { steps: 100, step: ({ bare }, at) => readAndWrite(bare, `counted/p${at}`) },
  },
  {
    name: 'transaction, 50 at once',
    rounds: 6,
    work: ({ bare }) => timedAtOnce(50, 20, (at) => readAndWrite(bare, `counted/p${at % 50}`)),
  },
  {
    name: '20 of 1000: filter, order, limit',
    rounds: 12,
    prepare: (db) => load(db, 'c1000', 1_000),
    work: { steps: 10, step: ({ bare }, at) => findTwenty(bare, at) },
  },
];

async function get(client: BareClient, path: string): Promise<void> {
  const [answer] = await client.call('BatchGetDocuments', {
    database: DATABASE,
    documents: [`${ROOT}/${path}`],
  });
  if (!answer?.['found']) throw new Error(`${path} is missing`);
}

let version = 0;

function set(client: BareClient, path: string): Promise<unknown> {
  return client.call('Commit', { database: DATABASE, writes: [writeOf(path)] });
}

/** Each differs from all before, as what the official client writes does. */
function writeOf(path: string): Message {
  const fields = {
    email: { stringValue: `${path}@example.com` },
    firstName: { stringValue: 'Ada' },
    score: { integerValue: 7919 },
    version: { integerValue: ++version },
    active: { booleanValue: true },
    tags: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 't1' }] } },
    address: { mapValue: { fields: { city: { stringValue: 'London' }, zip: { stringValue: 'N1' } } } },
  };
  return { update: { name: `${ROOT}/${path}`, fields } };
}

async function readAndWrite(client: BareClient, path: string): Promise<void> {
  const answers = await client.call('BatchGetDocuments', {
    database: DATABASE,
    documents: [`${ROOT}/${path}`],
    newTransaction: { readWrite: {} },
  });
  const transaction = answers[0]!['transaction'];
  await client.call('Commit', { database: DATABASE, transaction, writes: [writeOf(path)] });
}

async function findTwenty(client: BareClient, at: number): Promise<void> {
  const answers = await client.call('RunQuery', {
    parent: ROOT,
    structuredQuery: {
      from: [{ collectionId: 'c1000' }],
      where: { fieldFilter: { field: { fieldPath: 'group' }, op: 5, value: { integerValue: at % 10 } } },
      orderBy: [{ field: { fieldPath: 'score' }, direction: 2 }],
      limit: { value: 20 },
    },
  });
  const { length } = answers.filter(({ document }) => document);
  if (length !== 20) throw new Error(`found ${length} instead of 20`);
}
