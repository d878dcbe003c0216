const common = {
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
};

/** What is written for Nest. */
export const service = {
  ...common,
  displayName: 'service',
  testMatch: ['<rootDir>/{src,test}/**/*.{spec,e2e-spec}.ts'],
  setupFiles: ['<rootDir>/test/support/preload.ts'],
  globalSetup: '<rootDir>/test/support/forget-responses.js',
  globalTeardown: '<rootDir>/test/support/response-coverage.js',
  // Sources import './x.js', as Node wants it of the compiled files; Jest runs the '.ts' beside it.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

/** The engine's own tests know nothing of Nest. */
const engine = { ...common, displayName: 'engine', testMatch: ['<rootDir>/packages/*/test/**/*.test.ts'] };

/** @type {import('jest').Config} */
export default {
  projects: [service, engine],
  // Each file has a thread of its own for the engine, and waits for it: more files than cores would only queue.
  maxWorkers: '100%',
};
