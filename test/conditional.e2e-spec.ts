import { type Setup, setup } from './support/setup.js';
import { createAdmin, registerUser } from './support/users.js';

describe('H17: conditional requests', () => {
  let app: Setup;

  beforeAll(async () => {
    app = await setup();
  });
  afterAll(() => app.close());

  const registered = async () => {
    const { user, token } = await registerUser(app);
    const path = `/users/${user.id}`;
    const { headers } = await app.get(path, { token });
    return { path, token, tag: headers.etag as string };
  };

  it('a single resource has a strong tag, the same until it changes', async () => {
    const { path, token, tag } = await registered();
    expect(tag).toMatch(/^"[\w-]{27}"$/);
    expect((await app.get(path, { token })).headers.etag).toBe(tag);
    const changed = await app.patch(path, { firstName: 'Grace' }, { token });
    expect(changed.headers.etag).not.toBe(tag);
    expect((await app.get(path, { token })).headers.etag).toBe(changed.headers.etag);
  });

  it('If-None-Match with the tag gives 304 and no body', async () => {
    const { path, token, tag } = await registered();
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const { status, body, headers } = await app.get(path, { token, headers: { 'if-none-match': known } });
      expect([status, body, headers.etag]).toEqual([304, undefined, tag]);
    }
    expect((await app.get(path, { token, headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('If-Match lets through who knows the current state, and nobody else', async () => {
    const { path, token, tag } = await registered();
    const change = (known: string, firstName: string) =>
      app.patch(path, { firstName }, { token, headers: { 'if-match': known } });
    for (const known of ['"other"', `W/${tag}`]) {
      const { status, body } = await change(known, 'Lost');
      expect([status, body.error.code]).toEqual([412, 'PRECONDITION_FAILED']);
    }
    const first = await change(tag, 'Grace');
    expect([first.status, first.body.data.firstName]).toEqual([200, 'Grace']);
    expect((await change(tag, 'Lost')).status).toBe(412);
    expect((await change(first.headers.etag as string, 'Barbara')).status).toBe(200);
    expect((await change('*', 'Any')).status).toBe(200);
  });

  it('of 10 changes at once that know the same state exactly one wins', async () => {
    const { path, token, tag } = await registered();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        app.patch(path, { firstName: `Name ${index}` }, { token, headers: { 'if-match': tag } }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect(answers.every(({ status }) => [200, 412, 503].includes(status))).toBe(true);
    expect((await app.get(path, { token })).body.data.firstName).toBe(won[0]!.body.data.firstName);
  });

  it('deletes only what the caller has seen', async () => {
    const { path, token, tag } = await registered();
    const { token: admin } = await createAdmin(app);
    await app.patch(path, { firstName: 'Grace' }, { token });
    const remove = (known: string) => app.delete(path, { token: admin, headers: { 'if-match': known } });
    expect((await remove(tag)).status).toBe(412);
    const { headers } = await app.get(path, { token: admin });
    expect((await remove(headers.etag as string)).status).toBe(204);
    expect((await remove('*')).status).toBe(404);
    expect((await app.patch(path, { firstName: 'Late' }, { token: admin })).status).toBe(404);
  });
});
