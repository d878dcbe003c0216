import { Installation, type ServiceProcess } from './support/service-process.js';
import { person } from './support/users.js';

const ENVIRONMENT = { LOG_LEVEL: 'info', RATE_LIMIT: '100000', RATE_LIMIT_SIGN_IN: '100000' };
const USERS = 5;
const ANSWERS = 150;

describe('a process that is killed in the middle of its work (D6)', () => {
  const installation = new Installation();
  afterAll(() => installation.remove());

  const call = async (
    service: ServiceProcess,
    method: string,
    path: string,
    token: string,
    body?: object,
  ) => {
    const headers = { 'Content-Type': 'application/json', authorization: `Bearer ${token}` };
    const url = `${await service.listening}/api/v1${path}`;
    const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as { data: Record<string, any> } }; // eslint-disable-line @typescript-eslint/no-explicit-any -- of several routes
  };

  it('has kept every change that it acknowledged', async () => {
    const first = installation.start(ENVIRONMENT);
    const users = await Promise.all(
      Array.from({ length: USERS }, async () => {
        const { body } = await call(first, 'POST', '/auth/register', '', person());
        return {
          id: body.data.user.id as string,
          token: body.data.tokens.accessToken as string,
          acknowledged: 0,
        };
      }),
    );
    let answers = 0;
    const changeUntilKilled = async (user: (typeof users)[number]) => {
      for (let number = 1; ; number++) {
        const lastName = `N${number}`;
        const answer = await call(first, 'PATCH', `/users/${user.id}`, user.token, { lastName }).catch(
          () => undefined,
        );
        if (!answer) return;
        expect(answer.status).toBe(200);
        user.acknowledged = number;
        if (++answers === ANSWERS) first.kill('SIGKILL');
      }
    };
    await Promise.all(users.map(changeUntilKilled));
    await first.exited;

    const second = installation.start(ENVIRONMENT);
    for (const { token, acknowledged } of users) {
      const { body } = await call(second, 'GET', '/users/me', token);
      const stored = Number((body.data.lastName as string).slice(1));
      // The last change may have been committed without anybody hearing of it.
      expect([acknowledged, acknowledged + 1]).toContain(stored);
    }
    expect(answers).toBeGreaterThanOrEqual(ANSWERS);
  }, 60_000);
});
