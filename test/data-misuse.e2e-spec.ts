import { randomUUID } from 'node:crypto';
import { IsString } from 'class-validator';
import { Firestore } from 'firebase-admin/firestore';
import { Document, Key } from '../src/core/firestore/document/document.decorators.js';
import { FirestoreModule } from '../src/core/firestore/firestore.module.js';
import { InjectRepository } from '../src/core/firestore/inject-repository.decorator.js';
import { Repository } from '../src/core/firestore/repository.js';
import { Lab, setupLab } from './support/data-lab.js';

/** What the compiler refuses, as JavaScript or a value from elsewhere gives it all the same. */
const unchecked = (value: unknown) => value as never;

interface AnyOrder {
  startAfter(...values: unknown[]): unknown;
}

describe('misuse of data is refused where it happens', () => {
  let lab: Awaited<ReturnType<typeof setupLab>>;
  beforeAll(async () => {
    lab = await setupLab();
  });
  afterAll(() => lab.close());

  const stored = async (id: string) => (await lab.app.get(Firestore).doc(`profiles/${id}`).get()).data();
  const create = async () => {
    const id = randomUUID();
    await lab.write(async ({ profiles }) => profiles.create({ id, name: 'Ada' }));
    return id;
  };

  describe('what outlives its transaction', () => {
    /** Does the work in a request that does not wait for it, once the request is done. */
    const doLate = async <Result>(work: (lab: Lab) => Promise<Result>): Promise<Result> => {
      const end = Promise.withResolvers<void>();
      let late!: Promise<Result>;
      await lab.write(async (inside) => {
        late = end.promise.then(() => work(inside));
      });
      end.resolve();
      return late;
    };

    it('cannot write', async () => {
      const id = await create();
      const write = doLate(async ({ profiles }) => profiles.update(id, { visits: 9 }));
      await expect(write).rejects.toThrow(`A write (profiles/${id}) after its transaction has ended`);
      const hook = doLate(async ({ transactions }) => transactions.afterCommit(() => undefined));
      await expect(hook).rejects.toThrow('after its transaction has ended');
    });

    it('cannot change what it reads', async () => {
      const id = await create();
      const change = doLate(async ({ profiles }) => (await profiles.findOrFail(id)).visits++);
      await expect(change).rejects.toThrow('read only');
    });

    it('cannot change what it began to read before', async () => {
      const id = await create();
      let late!: Promise<unknown>;
      await lab.write(async ({ profiles }) => {
        late = profiles.findOrFail(id).then((profile) => profile.visits++);
        late.catch(() => undefined);
      });
      await expect(late).rejects.toThrow();
      expect((await stored(id))!.visits).toBe(0);
    });

    it('has a transaction of its own if it starts one', async () => {
      const id = await create();
      await doLate(({ transactions, profiles }) =>
        transactions.run({ readOnly: false }, async () => profiles.update(id, { visits: 9 })),
      );
      expect((await stored(id))!.visits).toBe(9);
    });
  });

  it.each(['', 'a/b', '..', '__x__'])('any string is a key: %j', async (id) => {
    const { status } = await lab.write(async ({ profiles }) => profiles.create({ id, name: 'Ada' }));
    expect(status).toBe(200);
    const { result } = await lab.write(async ({ profiles }) => {
      const profile = await profiles.findOrFail(id);
      profiles.delete(id);
      return profile.id;
    });
    expect(result).toBe(id);
  });

  it.each([null, undefined, Number.NaN, 5, {}, ['a']])('a key that is no string: %j', async (key) => {
    const { error } = await lab.read(({ profiles }) => profiles.find(unchecked(key)));
    expect(error!.message).toContain('"id" is part of the key and must be a string');
  });

  it.each<[string, (lab: Lab) => unknown, string]>([
    [
      'a cursor without an order',
      ({ profiles }) => (profiles.query() as AnyOrder).startAfter(1),
      'orderBy first',
    ],
    [
      'a cursor longer than the order',
      ({ profiles }) => (profiles.query().orderBy('name') as AnyOrder).startAfter('a', 'b'),
      'ordered by; this one by name',
    ],
    ['a cursor of nothing', ({ profiles }) => profiles.query().orderBy('name').startAt(), 'starts at values'],
    [
      'a misspelt field',
      ({ profiles }) => profiles.query().where(unchecked('nmae'), '==', unchecked(1)),
      'nmae',
    ],
    ['a sum of a misspelt field', ({ profiles }) => profiles.query().sum(unchecked('vists')), 'vists'],
    ['no part of a key', ({ members }) => members.query().whereKeyBegins({}), '(team, number)'],
    [
      'all parts of a key',
      ({ members }) => members.query().whereKeyBegins({ team: 'a', number: 1 }),
      'takes the first parts',
    ],
  ])('a query with %s', async (_name, query, message) => {
    const { error } = await lab.read(async (inside) => query(inside));
    expect(error!.message).toContain(message);
  });

  it('paths that lead out of the document', async () => {
    const id = await create();
    for (const path of ['settings.__proto__.polluted', 'settings..x', 'settings.__x__']) {
      const changes = unchecked({ [path]: 1 });
      const { error } = await lab.write(async ({ profiles }) => profiles.update(id, changes));
      expect(error!.message).toContain(`${path} has a part that names no field`);
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('an amount for what is no number', async () => {
    const id = await create();
    const { error } = await lab.write(async ({ profiles }) => profiles.increment(id, unchecked({ name: 1 })));
    expect(error!.message).toContain('name is no number');
  });

  it('a stream that is left early does not keep the service from closing', async () => {
    const other = await setupLab();
    await other.write(async ({ profiles }) => {
      for (let index = 0; index < 600; index++) profiles.create({ name: `Ada ${index}` });
    });
    const { result } = await other.readInconsistently(async ({ profiles }) => {
      for await (const { name } of profiles.query().stream()) return name;
    });
    expect(result).toContain('Ada');
    await other.close();
  });

  it.each<[string, () => unknown, string]>([
    [
      'no @Document()',
      () => new Repository(Object, unchecked(undefined), unchecked(undefined)),
      'no @Document',
    ],
    ['no @Key()', () => documentOf({ collection: 'a' }, 'none'), 'no key'],
    ['a key that is a date', () => documentOf({ collection: 'a' }, 'date'), 'a string or a whole number'],
    ['a number to be made', () => documentOf({ collection: 'a' }, 'auto number'), 'makes strings'],
    ['an empty collection', () => documentOf({ collection: '' }), '"" is no path of a collection'],
    ['the path of a document', () => documentOf({ collection: 'a/b' }), '"a/b" is no path'],
    ['a reserved collection', () => documentOf({ collection: '__a__' }), 'no path of a collection'],
    ['a circular import', () => FirestoreModule.forFeature([unchecked(undefined)]), 'circular import'],
    ['a circular import of an injection', () => InjectRepository(unchecked(undefined)), 'circular import'],
  ])('a document class with %s', (_name, declare, message) => {
    expect(declare).toThrow(message);
  });
});

/** Declares a document class and its repository. */
function documentOf(options: { collection: string }, key = 'string'): unknown {
  class Note {
    @IsString()
    text: string;
  }
  if (key === 'string') Reflect.decorate([Key()], Note.prototype, 'id');
  if (key === 'auto number') declareKey(Note, Number, true);
  if (key === 'date') declareKey(Note, Date);
  Document(options)(Note);
  return new Repository(Note, unchecked(undefined), unchecked(undefined));
}

function declareKey(type: new () => object, declared: unknown, auto = false): void {
  Reflect.defineMetadata('design:type', declared, type.prototype as object, 'id');
  Reflect.decorate([Key({ auto })], type.prototype as object, 'id');
}
