import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { setup } from './support/setup.js';
import { login, PASSWORD, person } from './support/users.js';

jest.setTimeout(60_000);

const ROOT = process.cwd();
/** A build of its own, where Node.js finds the packages: `dist` may be in use, or just being made. */
let home: string;

beforeAll(async () => {
  const cache = join(ROOT, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  home = await mkdtemp(join(cache, 'user-create-'));
  await copyFile('package.json', join(home, 'package.json'));
  const swc = join(ROOT, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  const build = ['src', '--out-dir', join(home, 'dist'), '--strip-leading-paths', '--config-file', '.swcrc'];
  await promisify(execFile)(process.execPath, [swc, ...build]);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const userCreate = (options: Record<string, string>, password: string) =>
  run('user-create', options, password);
const userPromote = (options: Record<string, string>) => run('user-promote', options, '');

async function run(command: string, options: Record<string, string>, password: string) {
  const values = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const { NODE_OPTIONS: _, NODE_ENV: __, ...environment } = process.env;
  const child: ChildProcess = execFile(
    process.execPath,
    [join(home, `dist/commands/${command}.js`), ...values],
    {
      cwd: home,
      env: { ...environment, DATA_DIRECTORY: join(home, 'data'), NODE_COMPILE_CACHE: join(home, 'compiled') },
    },
  );
  child.stdin!.end(`${password}\n`);
  const [output, errors] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close'),
  ]);
  return { output, errors, code: child.exitCode };
}

const options = (email: string) => ({ email, 'first-name': 'Grace', 'last-name': 'Hopper' });

describe('U4 npm run user:create, user:promote', () => {
  it('makes the first admin, and others while the service runs', async () => {
    const { email } = person();
    const first = await userCreate({ ...options(email), role: 'admin' }, PASSWORD);
    expect(first).toEqual({
      output: expect.stringContaining(`Created the admin ${email}`),
      errors: '',
      code: 0,
    });

    const service = await setup({ DATA_DIRECTORY: join(home, 'data') });
    try {
      const admin = await login(service, email);
      expect(admin.user.role).toBe('admin');
      expect((await service.get('/users', { token: admin.token })).status).toBe(200);

      const second = person().email;
      expect(await userCreate(options(second), PASSWORD)).toMatchObject({ errors: '', code: 0 });
      expect((await login(service, second)).user).toMatchObject({ role: 'user', firstName: 'Grace' });

      const again = await userCreate(options(email.toUpperCase()), PASSWORD);
      expect(again).toEqual({ output: '', errors: 'Another account has this e-mail address.\n', code: 1 });

      const demoted = await userPromote({ email, role: 'user' });
      expect(demoted).toEqual({ output: '', errors: expect.stringContaining('last admin'), code: 1 });
      const promoted = await userPromote({ email: second.toUpperCase(), role: 'admin' });
      expect(promoted).toEqual({ output: `${second} is admin now.\n`, errors: '', code: 0 });
      expect((await userPromote({ email, role: 'user' })).code).toBe(0);
      expect((await login(service, second)).user.role).toBe('admin');
      const nobody = await userPromote({ email: person().email, role: 'admin' });
      expect(nobody).toEqual({ output: '', errors: 'There is no such user.\n', code: 1 });
    } finally {
      await service.close();
    }
  });

  it('says what is wrong', async () => {
    const unknown = await userCreate({ emial: 'x' }, PASSWORD);
    expect([unknown.code, unknown.errors]).toEqual([1, expect.stringContaining("Unknown option '--emial'")]);
    const wrongRole = await userPromote({ email: person().email, role: 'root' });
    expect(wrongRole.errors).toMatch(/role must be one of .*\nnpm run user:promote -- --help/);
    const wrong = await userCreate({ ...options('x'), role: 'root' }, PASSWORD);
    expect(wrong.code).toBe(1);
    expect(wrong.errors).toMatch(/role must be one of .*\n(.*\n)*email must be an email/);
    const short = await userCreate(options(person().email), 'short');
    expect(short.errors).toContain('password must be longer than or equal to 8 characters');
  });
});
