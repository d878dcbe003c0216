import { jest } from '@jest/globals';
import { REQUIRED_NODE, requireNodeVersion } from '../../src/config/node-version.js';
import { readJson, readText } from './sources.js';

interface Manifest {
  engines: { node: string };
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

interface Lock {
  packages: Record<string, { version?: string; hasInstallScript?: boolean }>;
}

describe('the runtime', () => {
  const manifest = readJson<Manifest>('package.json');
  const { packages } = readJson<Lock>('package-lock.json');
  const pinned = packages['node_modules/node']!.version!;
  const [major, minor] = pinned.split('.').map(Number);

  it('is the same Node.js wherever it is named', () => {
    expect(manifest.devDependencies.node).toBe(`^${pinned}`);
    expect(readText('.nvmrc').trim()).toBe(pinned);
    expect(manifest.devDependencies['@types/node']).toMatch(new RegExp(`^\\^${major}\\.`));
    const bases = [...readText('Dockerfile').matchAll(/^FROM node:(\S+)/gm)].map(([, tag]) => tag);
    expect(new Set(bases)).toEqual(new Set([`${major}-slim`]));
  });

  it('is at least what the service asks for, as package.json says it', () => {
    expect(manifest.engines.node).toBe(`>=${REQUIRED_NODE}`);
    const [requiredMajor, requiredMinor] = REQUIRED_NODE.split('.').map(Number);
    expect(requiredMajor).toBe(major);
    expect(requiredMinor).toBeLessThanOrEqual(minor!);
  });

  it('alone may run a script when it is installed; about each other package that has one it says no', () => {
    const scripted = Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => [path.split('node_modules/').at(-1)!, path === 'node_modules/node']);
    expect(manifest.allowScripts).toEqual(Object.fromEntries(scripted));
  });

  it('is asked for before anything that an older Node.js could not load', () => {
    const staticImports = (file: string) =>
      [...readText(file).matchAll(/^import .* from '(.*)';$/gm)].map(([, from]) => from);
    const first = ['config/lean-start', 'config/node-version'];
    expect(staticImports('src/main.ts')).toEqual(first.map((name) => `./${name}.js`));
    for (const name of first) expect(staticImports(`src/${name}.ts`)).toEqual([]);
  });

  describe('on another Node.js', () => {
    const exit = jest.spyOn(process, 'exit').mockReturnValue(undefined as never);
    const print = jest.spyOn(console, 'error').mockReturnValue();

    beforeEach(() => jest.clearAllMocks());
    afterAll(() => jest.restoreAllMocks());

    it.each(['20.20.2', '18.0.0', '24.15.9', '4.9.1'])('says what is needed and stops: %s', (version) => {
      requireNodeVersion(version);
      expect(exit).toHaveBeenCalledWith(1);
      expect(print.mock.calls.flat().join()).toMatch(
        `This service needs Node.js ${REQUIRED_NODE} or newer; this is ${version}.`,
      );
    });

    it.each(['24.16.0', '24.21.0', '26.0.0', process.versions.node])('goes on: %s', (version) => {
      requireNodeVersion(version);
      expect(exit).not.toHaveBeenCalled();
    });
  });
});
