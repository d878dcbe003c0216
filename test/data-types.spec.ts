import type { Repository } from '../src/core/firestore/repository.js';
import type { Member, Profile } from './support/data-lab.js';

/** Never called: what counts is that `tsc` accepts it, and that it refuses each line under `@ts-expect-error`. */
export async function compiled(profiles: Repository<Profile>, members: Repository<Member>): Promise<void> {
  profiles.create({ name: 'Ada' });
  profiles.create({ id: 'a', name: 'Ada', visits: 1, nickname: null, address: { street: 's', city: 'c' } });
  // @ts-expect-error -- a required field is missing
  profiles.create({ visits: 1 });
  // @ts-expect-error -- misspelt
  profiles.create({ name: 'Ada', visit: 1 });
  // @ts-expect-error -- wrong type
  profiles.create({ name: 1 });
  // @ts-expect-error -- a part of the key is missing
  members.create({ team: 'a', name: 'Ada' });

  profiles.update('a', { name: 'Ada', 'address.city': 'Rome', 'settings.theme': 1 });
  // @ts-expect-error -- misspelt
  profiles.update('a', { nmae: 'Ada' });
  // @ts-expect-error -- misspelt below
  profiles.update('a', { 'address.town': 'Rome' });
  // @ts-expect-error -- wrong type below
  profiles.update('a', { 'address.city': 1 });
  // @ts-expect-error -- a method is no field
  profiles.update('a', { beforeSave: undefined as never as () => void });

  profiles.increment('a', { visits: 1 });
  // @ts-expect-error -- not a number
  profiles.increment('a', { name: 1 });

  const query = profiles.query();
  query.where('visits', '>=', 1).where('address.city', 'in', ['Rome']).where('tags', 'array-contains', 'a');
  query.where('nickname', '==', null).where('createdAt', '<', new Date());
  // @ts-expect-error -- misspelt
  query.where('visit', '>=', 1);
  // @ts-expect-error -- wrong type
  query.where('visits', '>=', '1');
  // @ts-expect-error -- a list is wanted
  query.where('visits', 'in', 1);
  // @ts-expect-error -- one item is wanted
  query.where('tags', 'array-contains', ['a']);
  // @ts-expect-error -- not an array
  query.where('name', 'array-contains', 'a');
  // @ts-expect-error -- misspelt
  query.orderBy('address.town');
  // @ts-expect-error -- not a number
  void query.sum('name');

  const ordered = query.orderBy('visits').orderBy('name', 'desc');
  ordered.startAfter(1).startAfter(1, 'Ada');
  // @ts-expect-error -- wrong type for the second field
  ordered.startAfter(1, 2);

  const [part] = await query.select('name', 'visits').find();
  part!.name satisfies string;
  // @ts-expect-error -- not selected
  void part!.tags;

  await members.find({ team: 'a', number: 1 });
  // @ts-expect-error -- wrong type of a part
  await members.find({ team: 'a', number: '1' });
  // @ts-expect-error -- misspelt
  await members.find({ team: 'a', nubmer: 1 });

  await profiles.find(profiles.reference('a'));
  // @ts-expect-error -- refers to another class
  await profiles.find(members.reference({ team: 'a', number: 1 }));
}

it('the types of queries and changes are checked by tsc (D3)', () => {
  expect(compiled).toBeInstanceOf(Function);
});
