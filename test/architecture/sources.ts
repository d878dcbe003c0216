import { globSync, readFileSync } from 'node:fs';

const isTest = (file: string) => /\.(spec|e2e-spec|test|d)\.ts$/.test(file);

/** The TypeScript files below a folder, tests aside, by their path from the top of the repository. */
export function sourceFiles(folder: string): string[] {
  return globSync(`${folder}/**/*.ts`)
    .filter((file) => !isTest(file))
    .sort();
}

export function readText(file: string): string {
  return readFileSync(file, 'utf8');
}

export function readJson<Content>(file: string): Content {
  return JSON.parse(readText(file)) as Content;
}
