import { randomUUID } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Firestore } from 'firebase-admin/firestore';
import { hasPermission } from '../src/core/auth/roles.js';
import { createOpenApiDocument, operationIdOf } from '../src/core/openapi/openapi.js';
import { listRoutes } from '../src/core/routing/list-routes.js';
import type { SessionResponse } from '../src/features/auth/auth.dto.js';
import { type MailServer, startMailServer } from './support/mail-server.js';
import { type Operation, operationsOf, type Schema } from './support/openapi.js';
import { type Setup, setup } from './support/setup.js';
import {
  type Body,
  createAdmin,
  createWithRole,
  login,
  person,
  registerUser,
  type SignedIn,
} from './support/users.js';

/** What nobody may say of himself, in whatever body. */
const PRIVILEGED = {
  role: 'admin',
  roles: ['admin'],
  isAdmin: true,
  id: randomUUID(),
  userId: randomUUID(),
  emailVerified: true,
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
  createdAt: '2020-01-01T00:00:00.000Z',
  normalized: { email: 'x' },
  searchPrefixes: ['x'],
  failures: 0,
};

/** Routes whose id is of something that belongs to nobody. */
const OF_NOBODY = new Set(['examplesNote', 'examplesRate']);

let app: Setup;
let mail: MailServer;
let document: OpenAPIObject;
let operations: Operation[];
let admin: SignedIn;

beforeAll(async () => {
  mail = await startMailServer();
  app = await setup({ SMTP_URL: mail.url });
  document = createOpenApiDocument(app.app);
  operations = operationsOf(document).filter(({ path }) => path.startsWith('/api/'));
  admin = await createAdmin(app);
});
afterAll(async () => {
  await app.close();
  await mail.close();
});

const call = async ({ method, path }: Operation, id: string, token?: string, payload?: object) => {
  const url = path.replaceAll(/\{\w+\}/g, id);
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const { statusCode, body } = await app.app.inject({ method, url, headers, payload });
  return { status: statusCode, text: body };
};
const takesId = ({ path }: Operation) => path.includes('{');
const bodySchemaOf = ({ body }: Operation) => {
  const reference = body['application/json']?.$ref as string | undefined;
  return reference && (document.components!.schemas![reference.split('/').at(-1)!] as Schema);
};
const propertiesOf = (schema: Schema) => Object.entries((schema.properties ?? {}) as Record<string, Schema>);
/** What the documentation shows. */
const exampleOf = (schema: Schema) =>
  Object.fromEntries(propertiesOf(schema).map(([name, { example }]) => [name, example]));
/** All that is stored of users. */
const storedUsers = async () => {
  const { docs } = await app.app.get(Firestore).collection('users').get();
  return docs.map((each) => ({ id: each.id, ...each.data() }));
};

describe('privileges (U1, U4)', () => {
  it('come from no body, of whatever route', async () => {
    const { user, token } = await registerUser(app);
    const before = await storedUsers();
    const withBody = operations.filter(bodySchemaOf);
    expect(withBody.length).toBeGreaterThan(8);
    for (const operation of withBody) {
      const schema = bodySchemaOf(operation) as Schema;
      const { role: _mayBeSentByAdmins, ...example } = exampleOf(schema);
      for (const [name, value] of Object.entries(PRIVILEGED)) {
        const { status, text } = await call(operation, user.id, token, { ...example, [name]: value });
        const isRefused =
          text.includes(`"field":"${name}"`) ||
          (operation.id === 'usersUpdate' && name === 'role' && status === 403);
        expect([operation.id, name, isRefused]).toEqual([operation.id, name, true]);
      }
    }
    expect(await storedUsers()).toEqual(before);
  });

  it.each(['user', 'moderator'] as const)('are refused to a %s wherever a route wants more', async (role) => {
    const { token, user } = await createWithRole(app, role);
    const { user: other } = await registerUser(app);
    const routes = new Map(
      listRoutes(app.app).map((route) => [
        operationIdOf(route.controller.name, route.name),
        route.contract.access,
      ]),
    );
    let refused = 0;
    for (const operation of operations) {
      const access = routes.get(operation.id);
      if (!access || !('permission' in access || 'roles' in access)) continue;
      const isAllowed =
        'permission' in access ? hasPermission({ role }, access.permission) : access.roles.includes(role);
      if (isAllowed) continue;
      refused += 1;
      expect([operation.id, (await call(operation, other.id, token, {})).status]).toEqual([
        operation.id,
        403,
      ]);
    }
    expect(refused).toBeGreaterThan(3);
    expect((await app.patch(`/users/${user.id}`, { role: 'admin' }, { token })).status).toBe(403);
  });
});

describe("somebody else's ids (IDOR)", () => {
  it('open no route to a user, whichever the route and whichever the id', async () => {
    const [mallory, victim] = [await registerUser(app), await registerUser(app)];
    const { body: sessions } = await app.get<Body<SessionResponse[]>>('/auth/sessions', {
      token: victim.token,
    });
    const key = { name: 'CI', scopes: ['users:read'], expiresInDays: 30 };
    const { body: created } = await app.post('/api-keys', key, { token: victim.token });
    /** By the route's path, without version: what the victim has there. A new route with an id belongs here. */
    const own: Record<string, string> = {
      'users/{id}': victim.user.id,
      'auth/sessions/{id}': sessions.data[0]!.id,
      'api-keys/{id}': created.data.id as string,
    };
    const withId = operations.filter((each) => takesId(each) && !OF_NOBODY.has(each.id));
    const placeOf = ({ path }: Operation) => path.replace(/^\/api\/v\d+\//, '');
    expect(withId.map(placeOf).filter((place) => !(place in own))).toEqual([]);

    for (const operation of withId) {
      const payload = bodySchemaOf(operation) ? {} : undefined;
      for (const id of Object.values(own)) {
        const { status, text } = await call(operation, id, mallory.token, payload);
        expect([operation.id, [403, 404].includes(status) ? 'refused' : status]).toEqual([
          operation.id,
          'refused',
        ]);
        expect(text).not.toContain(victim.user.email);
        expect([401, 405]).toContain((await call(operation, id, undefined, payload)).status);
      }
    }
    // It was the route that refused, not the request that was wrong: owner, or admin, succeed with the same. The user
    // himself goes last.
    const rank = ({ id, method }: Operation) => Number(method === 'DELETE') + Number(id === 'usersDelete');
    for (const operation of withId.toSorted((a, b) => rank(a) - rank(b))) {
      const payload = bodySchemaOf(operation) ? {} : undefined;
      const id = own[placeOf(operation)]!;
      const allowed = [
        await call(operation, id, victim.token, payload),
        await call(operation, id, admin.token, payload),
      ];
      expect([operation.id, allowed.some(({ status }) => status < 300)]).toEqual([operation.id, true]);
    }
  });
});

describe('oversized values', () => {
  it('are refused in every text of every body', async () => {
    const { user, token } = await registerUser(app);
    let texts = 0;
    for (const operation of operations) {
      const schema = bodySchemaOf(operation);
      if (!schema) continue;
      for (const [name] of propertiesOf(schema).filter(([, { type }]) => type === 'string')) {
        texts += 1;
        const payload = { ...exampleOf(schema), [name]: `a@${'b'.repeat(200_000)}.example` };
        const { status } = await call(operation, user.id, token, payload);
        const isRefused = status === 400 || status === 413;
        expect([operation.id, name, isRefused]).toEqual([operation.id, name, true]);
      }
    }
    expect(texts).toBeGreaterThan(12);
  });
});

describe('e-mail addresses that look alike (U5)', () => {
  const local = () => `k${randomUUID().slice(0, 13)}`;

  it.each([
    ['upper case', (name: string) => [`${name}@example.com`, `${name}@Example.COM`.toUpperCase()]],
    ['full width', (name: string) => [`${name}@example.com`, `ｋ${name.slice(1)}@example.com`]],
    ['the Kelvin sign', (name: string) => [`${name}@example.com`, `\u212a${name.slice(1)}@example.com`]],
    [
      'a composed and a decomposed letter',
      (name: string) => [`${name}é@example.com`, `${name}e\u0301@example.com`],
    ],
    [
      'a domain and its punycode',
      (name: string) => [`${name}@münchen.example`, `${name}@xn--mnchen-3ya.example`],
    ],
  ])('are one account: %s', async (_what, spell) => {
    const [first, second] = spell(local()) as [string, string];
    const { user } = await registerUser(app, { email: first });
    expect((await app.post('/auth/register', person({ email: second }))).status).toBe(409);
    expect((await login(app, second)).user.id).toBe(user.id);
    // What is asked for by one spelling goes to the address of the account, never to the one that was typed.
    await app.post('/auth/password/forgot', { email: second });
    const { token } = await mail.take(user.email, 'new password');
    expect(token).toContain(user.id);
  });

  it('are two accounts where only a person would mistake them', async () => {
    const latin = `a${local()}@example.com`;
    const lookAlike = latin.replace('a', '\u0430');
    const [one, other] = [
      await registerUser(app, { email: latin }),
      await registerUser(app, { email: lookAlike }),
    ];
    expect(one.user.id).not.toBe(other.user.id);
    await app.post('/auth/password/forgot', { email: lookAlike });
    const { token } = await mail.take(lookAlike, 'new password');
    expect(token).toContain(other.user.id);
  });
});

describe('who has an account', () => {
  it('is told by no route that anybody may call, but for a registration', async () => {
    const { user } = await registerUser(app);
    const isPublic = new Set(
      listRoutes(app.app)
        .filter(({ contract }) => contract.access?.kind === 'public')
        .map((route) => operationIdOf(route.controller.name, route.name)),
    );
    const takingEmail = operations.filter((operation) => {
      const schema = bodySchemaOf(operation);
      return schema && isPublic.has(operation.id) && propertiesOf(schema).some(([name]) => name === 'email');
    });
    expect(takingEmail.map(({ id }) => id)).toEqual(['authRegister', 'authLogin', 'passwordForgot']);
    for (const operation of takingEmail.filter(({ id }) => id !== 'authRegister')) {
      const example = exampleOf(bodySchemaOf(operation) as Schema);
      const [known, unknown] = [user.email, person().email].map((email) => ({
        ...example,
        email,
        ...('password' in example && { password: 'wrong password' }),
      }));
      const answers = [
        await call(operation, '', undefined, known),
        await call(operation, '', undefined, unknown),
      ];
      const [first, second] = answers.map(({ status, text }) => [status, text.replace(/"meta".*/, '')]);
      expect([operation.id, second]).toEqual([operation.id, first]);
    }
  });
});
