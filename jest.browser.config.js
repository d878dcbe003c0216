import { service } from './jest.config.js';

/** The tests that need a Chromium; `npm test` must run with nothing else installed. */
export default {
  ...service,
  displayName: 'browser',
  testMatch: ['<rootDir>/test/browser/**/*.browser-spec.ts'],
};
