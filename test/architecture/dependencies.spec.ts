import { globSync } from 'node:fs';
import { readJson, readText } from './sources.js';

describe('docs/dependencies.md', () => {
  it('says of each runtime dependency why it is there, and of no other', () => {
    const manifests = ['package.json', ...globSync('packages/*/package.json')];
    const dependencies = manifests.flatMap((file) =>
      Object.keys(readJson<{ dependencies?: object }>(file).dependencies ?? {}),
    );
    const explained = [...readText('docs/dependencies.md').matchAll(/^\| `([^`]+)` +\| \S/gm)].map(
      ([, name]) => name!,
    );
    expect([...new Set(explained)].sort()).toEqual([...new Set(dependencies)].sort());
  });
});
