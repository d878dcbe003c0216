/**
 * Proves the Dockerfile without a container engine: carries out its stages in clean directories, then starts what the
 * image would start, asks its HEALTHCHECK and stops it. Run it with `npm run check:dockerfile`.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  buildImage,
  environmentOf,
  filesOf,
  type Image,
  inside,
  userOf,
  type Users,
} from './dockerfile/image.ts';

const BASE = `node:${process.versions.node.split('.')[0]}-slim`;
/** Longer than the image's own: the machine that checks may be busy. */
const PATIENCE_MILLISECONDS = 60_000;
const run = promisify(execFile);
const context = resolve(import.meta.dirname, '..');

/** Root can become the image's own user; anybody else stands for it himself, and `chown` then changes nothing. */
const isRoot = process.getuid!() === 0;
const users: Users = {
  node: isRoot ? { uid: 1000, gid: 1000 } : { uid: process.getuid!(), gid: process.getgid!() },
};

const temporary = await realpath(await mkdtemp(join(tmpdir(), 'dockerfile-')));
try {
  await chmod(temporary, 0o755);
  const image = await buildImage(context, temporary, BASE, users);
  requireConfiguration(image);
  await requireReadable(image);
  await requireProductionOnly(image);
  await requireService(image);
  const { stdout } = await run('du', ['-sk', inside(image, '/app')]);
  const size = Math.round(Number.parseInt(stdout) / 1024);
  console.log(
    `Dockerfile: built, started, healthy, stopped. ${size} MB on top of ${BASE}, for which ${process.version} stood in; ` +
      `user "${image.user}" was ${isRoot ? 'uid 1000' : 'the user of this check'}.`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await rm(temporary, { recursive: true, force: true });
}

function requireConfiguration({ user, environment, ports, volumes, healthcheck, command }: Image): void {
  if (!user || user === 'root' || user === '0') throw new Error('The image runs as root; add USER.');
  if (environment.NODE_ENV !== 'production') throw new Error('The image does not set NODE_ENV=production.');
  if (!ports.includes(environment.PORT ?? '')) throw new Error('EXPOSE and ENV PORT do not agree.');
  if (!volumes.includes(environment.DATA_DIRECTORY ?? '')) {
    throw new Error('VOLUME and ENV DATA_DIRECTORY do not agree.');
  }
  if (!healthcheck || !command) throw new Error('The image has no HEALTHCHECK or no CMD.');
}

/** The image's user owns nothing but its data, so everybody must be able to read the rest. */
async function requireReadable(image: Image): Promise<void> {
  const data = inside(image, image.environment.DATA_DIRECTORY!);
  const { uid } = userOf(users, image.user!);
  if ((await stat(data)).uid !== uid) throw new Error(`${data} does not belong to the user of the image.`);
  for (const file of await filesOf(image)) {
    const found = await stat(file);
    const needed = found.isDirectory() ? 0o005 : 0o004;
    if (file !== data && (found.mode & needed) !== needed) {
      throw new Error(`The user of the image cannot read ${file}.`);
    }
  }
}

/** Installed is what the lock file counts as production, and nothing else. */
async function requireProductionOnly(image: Image): Promise<void> {
  const lock = JSON.parse(await readFile(join(context, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const installed = Object.entries(lock.packages).filter(
    ([path]) => path !== '' && existsSync(inside(image, join('/app', path))),
  );
  const development = installed.filter(([, { dev }]) => dev).map(([path]) => path);
  if (development.length > 0) throw new Error(`Dev dependencies in the image: ${development.join(', ')}`);
  if (installed.length < 10) throw new Error('The image has no dependencies.');
}

/** Starts the CMD as the image's user, waits for the HEALTHCHECK, stops it as `docker stop` would. */
async function requireService(image: Image): Promise<void> {
  const { uid, gid } = userOf(users, image.user!);
  const env = {
    ...environmentOf(image),
    // What whoever runs the image must add; and loopback only, for this is not a container.
    FIRESTORE_MODE: 'embedded',
    JWT_SECRET: randomBytes(48).toString('base64'),
    PORT: String(await freePort()),
    HOST: '127.0.0.1',
  };
  const options = { cwd: inside(image, '.'), env, ...(isRoot ? { uid, gid } : {}) };
  const [program, ...parameters] = image.command!;
  const service = spawn(program!, parameters, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  service.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  service.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  try {
    await waitUntilHealthy(service, image.healthcheck!, options);
    await requireStop(service);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${Buffer.concat(output).toString()}`, { cause: error });
  } finally {
    service.kill('SIGKILL');
  }
}

async function waitUntilHealthy(
  service: ChildProcess,
  [program, ...parameters]: string[],
  options: object,
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  while (Date.now() < deadline && service.exitCode === null && service.signalCode === null) {
    const isHealthy = await run(program!, parameters, options).then(
      () => true,
      () => false,
    );
    if (isHealthy) return;
    await delay(200);
  }
  throw new Error('The service did not become healthy. It said:');
}

async function requireStop(service: ChildProcess): Promise<void> {
  const exited = once(service, 'exit', { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
  service.kill('SIGTERM');
  const [code, signal] = (await exited) as [number | null, string | null];
  // As process 1 of a container it could not end itself by a signal.
  if (code !== 0) throw new Error(`After SIGTERM the service ended with ${code ?? signal}, not 0. It said:`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
