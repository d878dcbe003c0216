import { execFile, type ExecFileOptions } from 'node:child_process';
import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseIgnore } from './ignore.ts';
import {
  execFormOf,
  flagsOf,
  type Instruction,
  parseDockerfile,
  type Stage,
  unsupported,
  wordsOf,
} from './parse.ts';

/** A stage carried out in a directory of its own, which stands for the root of its file system. */
export interface Image {
  root: string;
  workingDirectory: string;
  environment: Record<string, string>;
  user?: string;
  ports: string[];
  volumes: string[];
  healthcheck?: string[];
  command?: string[];
}

/** Users of the base image, by whom stands for them here. */
export type Users = Record<string, { uid: number; gid: number }>;

interface Build {
  context: string;
  isIgnored: (path: string) => boolean;
  users: Users;
  /** Images of the stages, by name. */
  images: Map<string, Promise<Image>>;
}

const run = promisify(execFile);

/**
 * Carries out each stage of a Dockerfile in a clean directory under `root`: COPY with the `.dockerignore`, RUN in a
 * shell, stages that do not need each other at the same time.
 * @param base the one image that stages may start from; this machine's Node.js and npm stand for it
 * @returns the last stage
 */
export async function buildImage(context: string, root: string, base: string, users: Users): Promise<Image> {
  const stages = parseDockerfile(await readFile(join(context, 'Dockerfile'), 'utf8'));
  const isIgnored = parseIgnore(await readFile(join(context, '.dockerignore'), 'utf8'));
  const build: Build = { context, isIgnored, users, images: new Map() };
  for (const stage of stages) {
    build.images.set(stage.name, buildStage(build, stage, join(root, stage.name), base));
  }
  await Promise.allSettled(build.images.values()); // nobody may still write when the first failure is reported
  const images = await Promise.all(build.images.values());
  return images.at(-1)!;
}

async function buildStage(build: Build, stage: Stage, root: string, base: string): Promise<Image> {
  const image = await startOf(build, stage, root, base);
  for (const instruction of stage.instructions) await carryOut(build, image, instruction);
  return image;
}

async function startOf(build: Build, stage: Stage, root: string, base: string): Promise<Image> {
  const from = await build.images.get(stage.base);
  if (!from && stage.base !== base)
    throw new Error(`Stage ${stage.name} starts from ${stage.base}, not ${base}.`);
  if (!from) {
    await mkdir(root);
    return { root, workingDirectory: '/', environment: {}, ports: [], volumes: [] };
  }
  await run('cp', ['-RPp', from.root, root]);
  return { ...structuredClone(from), root };
}

async function carryOut(build: Build, image: Image, instruction: Instruction): Promise<void> {
  switch (instruction.name) {
    case 'WORKDIR':
      image.workingDirectory = resolve(image.workingDirectory, instruction.text);
      await mkdir(inside(image, '.'), { recursive: true });
      break;
    case 'COPY':
      return copy(build, image, instruction);
    case 'RUN':
      return runShell(build, image, instruction);
    case 'ENV':
      for (const word of wordsOf(instruction.text)) {
        const [name, value] = word.split(/=(.*)/s);
        if (!name || value === undefined || value.includes('$')) throw unsupported(instruction);
        image.environment[name] = value;
      }
      break;
    case 'LABEL':
      if (!wordsOf(instruction.text).every((word) => /^[\w.]+=./.test(word))) throw unsupported(instruction);
      break;
    default:
      configure(image, instruction);
  }
}

function configure(image: Image, instruction: Instruction): void {
  switch (instruction.name) {
    case 'USER':
      image.user = instruction.text;
      break;
    case 'EXPOSE':
      image.ports.push(...wordsOf(instruction.text));
      break;
    case 'VOLUME':
      image.volumes.push(...execFormOf(instruction));
      break;
    case 'HEALTHCHECK': {
      const [, options = '', command = ''] = /^(.*?)\s*CMD (.*)$/.exec(instruction.text) ?? [];
      flagsOf({ ...instruction, text: options }, ['interval', 'timeout', 'start-period', 'retries']);
      image.healthcheck = execFormOf(instruction, command);
      break;
    }
    case 'CMD':
      image.command = execFormOf(instruction);
      break;
    default:
      throw unsupported(instruction);
  }
}

/** A path of the image, as it is called on this machine. */
export function inside(image: Image, path: string): string {
  return join(image.root, resolve(image.workingDirectory, path));
}

/** What a process of the image finds in its environment: that of the image, and this machine's Node.js. */
export function environmentOf(image: Image): NodeJS.ProcessEnv {
  const own = Object.entries(image.environment).map(([name, value]) => [
    name,
    value.startsWith('/') ? inside(image, value) : value,
  ]);
  const path = process.env.PATH!.split(delimiter).filter((each) => !each.includes('node_modules'));
  return {
    PATH: [dirname(process.execPath), ...path].join(delimiter),
    ...(Object.fromEntries(own) as Record<string, string>),
  };
}

/** What reaches the network and npm's cache of this machine; nothing of that is part of the image. */
function machineEnvironment(): NodeJS.ProcessEnv {
  const needed =
    /^(HOME|TMPDIR|(https?|no)_proxy|NODE_EXTRA_CA_CERTS|npm_config_(cache|registry|userconfig))$/i;
  const given = Object.entries(process.env).filter(([name]) => needed.test(name));
  return { ...Object.fromEntries(given), npm_config_prefer_offline: 'true', CI: 'true' };
}

async function runShell(build: Build, image: Image, { text, line }: Instruction): Promise<void> {
  if (/npm cache/.test(text))
    throw new Error(`Dockerfile line ${line}: that cache is this machine's. Leave it.`);
  // Absolute paths mean the stage's file system, users mean those who stand for them.
  const command = text
    .replaceAll(/(?<=^|\s)\/[\w./-]*/g, (path) => inside(image, path))
    .replaceAll(/(?<=^chown |\schown )(\w+):\1(?=\s)/g, (_all, user: string) => {
      const { uid, gid } = userOf(build.users, user);
      return `${uid}:${gid}`;
    });
  const options: ExecFileOptions = {
    cwd: inside(image, '.'),
    env: { ...machineEnvironment(), ...environmentOf(image) },
    maxBuffer: 2 ** 26,
  };
  try {
    await run('sh', ['-ec', command], options);
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`Dockerfile line ${line}: RUN ${text} failed.\n${stdout}${stderr}`, { cause: error });
  }
}

export function userOf(users: Users, name: string): Users[string] {
  const user = users[name];
  if (!user) throw new Error(`The base image has no user "${name}" that this check knows.`);
  return user;
}

async function copy(build: Build, image: Image, instruction: Instruction): Promise<void> {
  const [flags, words] = flagsOf(instruction, ['from']);
  const target = words.pop();
  const keepsNames = target?.endsWith('/') ?? false;
  if (!target || /[*?[$]/.test(instruction.text) || (words.length !== 1 && !keepsNames)) {
    throw unsupported(instruction);
  }
  for (const word of words) {
    try {
      const place = inside(image, keepsNames ? join(target, basename(word)) : target);
      await copyOne(build, { stage: flags.get('from'), path: word, keepsName: keepsNames }, place);
    } catch (error) {
      throw new Error(`Dockerfile line ${instruction.line}: COPY ${word}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

interface CopySource {
  /** Absent for the build context. */
  stage: string | undefined;
  path: string;
  keepsName: boolean;
}

async function copyOne(build: Build, { stage, path, keepsName }: CopySource, place: string): Promise<void> {
  if (stage === undefined && build.isIgnored(path)) throw new Error('.dockerignore leaves it out');
  const from = stage === undefined ? undefined : await build.images.get(stage);
  if (stage !== undefined && !from) throw new Error(`there is no stage ${stage}`);
  const source = from ? inside(from, path) : join(build.context, path);
  // Docker then copies what is in it, which reads otherwise.
  if (keepsName && (await stat(source)).isDirectory())
    throw new Error('name a directory without a slash at the end');
  await mkdir(dirname(place), { recursive: true });
  // For a whole node_modules, `cp` is many times faster than Node.js.
  if (from) await run('cp', ['-RPp', source, place]);
  else {
    await cp(source, place, {
      recursive: true,
      verbatimSymlinks: true,
      errorOnExist: true,
      filter: (each) => !build.isIgnored(relative(build.context, each)),
    });
  }
}

/** Every file and directory of a stage. */
export async function filesOf(image: Image): Promise<string[]> {
  const entries = await readdir(image.root, { recursive: true, withFileTypes: true });
  return entries.filter((each) => !each.isSymbolicLink()).map((each) => join(each.parentPath, each.name));
}
