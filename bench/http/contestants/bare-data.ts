/** The same with a database. */
import { startBareWith } from './bare.js';
import type { Start } from './data.js';
import { ItemsModule, onEngine } from './service-data.js';

export const start: Start = () => startBareWith(ItemsModule, onEngine());
