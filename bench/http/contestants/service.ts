/** This service, started as its `main.ts` does it: nothing else is loaded before the start is made lean. */
import { beginLeanStart } from '../../../src/config/lean-start.js';
import type { Start } from './data.js';

export const start: Start = async () => {
  beginLeanStart();
  const { BenchModule, IN_MEMORY, startWith } = await import('./service-app.js');
  return startWith(BenchModule, IN_MEMORY);
};
