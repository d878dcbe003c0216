import { randomUUID } from 'node:crypto';
import { Firestore, Timestamp } from 'firebase-admin/firestore';
import { AuthService } from '../src/features/auth/auth.service.js';
import type { CursorPagination } from '../src/core/pagination/page.js';
import type { UserResponse } from '../src/features/users/users.dto.js';
import { type Setup, setup } from './support/setup.js';
import {
  type Body,
  createAdmin,
  createWithRole,
  person,
  registerUser,
  type SignedIn,
} from './support/users.js';

type ListBody = Body<UserResponse[]>;

let app: Setup;
let admin: SignedIn;
beforeAll(async () => {
  app = await setup();
  admin = await createAdmin(app);
});
afterAll(() => app.close());

/** A word that no other test's users have. */
const uniqueWord = () => `w${randomUUID().replaceAll('-', '').slice(0, 20)}`;
const list = (query: Record<string, string>, { token } = admin) =>
  app.get<ListBody>('/users', { token, query });
const nextCursorOf = ({ meta }: ListBody) => (meta.pagination as CursorPagination).nextCursor;
const idsOf = ({ body }: { body: ListBody }) => body.data.map(({ id }) => id);

/** Users with these first names, made one after the other, and a last name to search them by. */
async function createUsers(firstNames: string[]): Promise<{ group: string; ids: string[] }> {
  const group = uniqueWord();
  const ids: string[] = [];
  for (const firstName of firstNames) {
    const { id } = await app.app.get(AuthService).createUser(person({ firstName, lastName: group }), 'user');
    ids.push(id);
  }
  return { group, ids };
}

describe('U5 the list', () => {
  it('is for admins', async () => {
    for (const caller of [await registerUser(app), await createWithRole(app, 'moderator')]) {
      expect((await list({}, caller)).status).toBe(403);
    }
    expect((await app.get('/users')).status).toBe(401);
  });

  it('starts with the newest, 20 to a page', async () => {
    const { ids } = await createUsers(['A', 'B', 'C']);
    const { status, body } = await list({});
    expect(status).toBe(200);
    expect(idsOf({ body }).slice(0, 3)).toEqual(ids.toReversed());
    expect(body.meta.pagination).toMatchObject({ page: 1, limit: 20, hasPrevious: false });
    expect(JSON.stringify(body)).not.toMatch(/passwordHash|argon2|searchPrefixes|normalized/);
  });

  it('is searched by the beginning of any word of name and e-mail, ignoring case', async () => {
    const [first, last, mail] = [uniqueWord(), uniqueWord(), uniqueWord()];
    const { user } = await registerUser(app, {
      firstName: `Mary ${first}`,
      lastName: `Jones-${last.toUpperCase()}`,
      email: `x.${mail}@example.com`,
    });
    const searches = [
      first,
      last,
      mail,
      last.slice(0, 15),
      first.toUpperCase(),
      `  mary ${first} jo `,
      `${mail}@ex`,
    ];
    for (const search of searches) expect(idsOf(await list({ search }))).toEqual([user.id]);
    for (const search of [first.slice(1), `${first}x`]) expect(idsOf(await list({ search }))).toEqual([]);
  });

  it('follows a change of name and e-mail', async () => {
    const [before, after] = [uniqueWord(), uniqueWord()];
    const { user, token } = await registerUser(app, { firstName: before });
    await app.patch(`/users/${user.id}`, { firstName: after }, { token });
    expect(idsOf(await list({ search: before }))).toEqual([]);
    expect(idsOf(await list({ search: after }))).toEqual([user.id]);
  });

  it.each(['asc', 'desc'])('is sorted by each field, ignoring case, %s', async (order) => {
    const group = uniqueWord();
    const letters = ['b', 'C', 'a', 'D'];
    for (const letter of letters) {
      const fields = {
        firstName: `${letter}x`,
        lastName: `${group} ${letter}`,
        email: `${letter}@${group}.example`,
      };
      await app.app.get(AuthService).createUser(person(fields), 'user');
    }
    const expected = {
      createdAt: letters,
      email: [...'aBCD'],
      firstName: [...'aBCD'],
      lastName: [...'aBCD'],
    };
    for (const [sort, ascending] of Object.entries(expected)) {
      const { body } = await list({ search: group, sort, order });
      const found = body.data.map(({ firstName }) => firstName.charAt(0).toLowerCase());
      const wanted = ascending.map((letter) => letter.toLowerCase());
      expect(found).toEqual(order === 'asc' ? wanted : wanted.toReversed());
    }
  });

  it('is filtered by role, together with search and sort', async () => {
    const { group, ids } = await createUsers(['A', 'B', 'C']);
    await app.patch(`/users/${ids[1]}`, { role: 'moderator' }, { token: admin.token });
    for (const sort of ['createdAt', 'email', 'firstName', 'lastName']) {
      expect(idsOf(await list({ search: group, role: 'moderator', sort }))).toEqual([ids[1]]);
      expect(idsOf(await list({ search: group, role: 'user', sort })).toSorted()).toEqual([ids[0], ids[2]]);
    }
    const { body } = await list({ role: 'admin', limit: '100' });
    expect(new Set(body.data.map(({ role }) => role))).toEqual(new Set(['admin']));
  });

  it('is read by page number', async () => {
    const { group, ids } = await createUsers(['A', 'B', 'C', 'D', 'E']);
    const query = { search: group, sort: 'firstName', order: 'asc', limit: '2' };
    const pages = await Promise.all(['1', '2', '3', '4'].map((page) => list({ ...query, page })));
    expect(pages.map(idsOf)).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4), []]);
    const common = { limit: 2, total: 5, totalPages: 3 };
    expect(pages.map(({ body }) => body.meta.pagination)).toEqual([
      { page: 1, ...common, hasNext: true, hasPrevious: false },
      { page: 2, ...common, hasNext: true, hasPrevious: true },
      { page: 3, ...common, hasNext: false, hasPrevious: true },
      { page: 4, ...common, hasNext: false, hasPrevious: true },
    ]);
  });

  it.each<Record<string, string>>([
    { page: '0' },
    { page: 'x' },
    { limit: '0' },
    { limit: '101' },
    { sort: 'passwordHash' },
    { order: 'up' },
    { role: 'root' },
    { search: 'x'.repeat(101) },
    { unknown: '1' },
  ])('refuses %j', async (query) => {
    const { status, body } = await list(query);
    expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    const field = Object.keys(query)[0];
    expect(body.error.details).toEqual({
      errors: expect.arrayContaining([expect.objectContaining({ field })]),
    });
  });
});

describe('H4 the list by cursor', () => {
  /** Reads on to the end, at most ten pages. */
  async function readAll(
    query: Record<string, string>,
    between: () => Promise<void> = async () => undefined,
  ) {
    const ids: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null && pages < 10; pages++) {
      const { status, body } = await list({ ...query, cursor });
      expect(status).toBe(200);
      ids.push(...idsOf({ body }));
      cursor = nextCursorOf(body);
      expect(body.meta.pagination).toEqual({
        limit: Number(query.limit),
        nextCursor: cursor,
        hasNext: cursor !== null,
      });
      await between();
    }
    return ids;
  }

  it.each(['createdAt', 'email', 'firstName', 'lastName'])('gives each user once, by %s', async (sort) => {
    // Equal names: only the id tells them apart.
    const { group, ids } = await createUsers(['A', 'A', 'A', 'B', 'B']);
    for (const order of ['asc', 'desc']) {
      const query = { search: group, sort, order };
      const all = idsOf(await list(query));
      expect(all.toSorted()).toEqual(ids.toSorted());
      for (const limit of ['1', '2', '5']) expect(await readAll({ ...query, limit })).toEqual(all);
    }
  });

  it('is stable while users come and go', async () => {
    const { group, ids } = await createUsers(['B', 'D', 'F', 'H', 'J']);
    const query = { search: group, sort: 'firstName', order: 'asc', limit: '2' };
    const { body } = await list({ ...query, cursor: '' });
    expect(idsOf({ body })).toEqual(ids.slice(0, 2));
    const { user: behind } = await registerUser(app, { firstName: 'A', lastName: group });
    const { user: ahead } = await registerUser(app, { firstName: 'G', lastName: group });
    // The very one that the cursor stands on, and one that is still to come.
    for (const id of [ids[1], ids[3]]) await app.delete(`/users/${id}`, { token: admin.token });
    const rest = await list({ ...query, cursor: nextCursorOf(body)! });
    expect(idsOf(rest)).toEqual([ids[2], ahead.id]);
    expect(await readAll(query)).toEqual([behind.id, ids[0], ids[2], ahead.id, ids[4]]);
  });

  it('minds the microseconds of a time', async () => {
    const { group, ids } = await createUsers(['A', 'B', 'C']);
    const firestore = app.app.get(Firestore);
    for (const [index, id] of ids.entries()) {
      await firestore
        .doc(`users/${id}`)
        .update({ createdAt: new Timestamp(1_800_000_000, (3 - index) * 1000) });
    }
    expect(await readAll({ search: group, order: 'asc', limit: '1' })).toEqual(ids.toReversed());
  });

  it('is opaque, and refused when tampered with or taken to another query', async () => {
    const { group } = await createUsers(['A', 'B']);
    const query = { search: group, sort: 'email', limit: '1' };
    const { body } = await list({ ...query, cursor: '' });
    const cursor = nextCursorOf(body)!;
    expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('example.com');
    const wrong: Record<string, string>[] = [
      { ...query, cursor: 'nonsense' },
      { ...query, cursor: `${cursor.slice(0, -5)}AAAAA` },
      { ...query, cursor, search: uniqueWord() },
      { ...query, cursor, sort: 'firstName' },
      { ...query, cursor, order: 'asc' },
      { ...query, cursor, role: 'user' },
    ];
    for (const each of wrong) {
      const answer = await list(each);
      expect([answer.status, answer.body.error.code]).toEqual([400, 'INVALID_CURSOR']);
    }
    // The same query, however it is written, and another page size.
    expect((await list({ ...query, cursor, limit: '5', search: group.toUpperCase() })).status).toBe(200);
  });
});
