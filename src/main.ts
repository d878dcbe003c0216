import { beginLeanStart } from './config/lean-start.js';
import { requireNodeVersion } from './config/node-version.js';

requireNodeVersion();
beginLeanStart();
// Imported only now: an older Node.js could not even load it.
const { start } = await import('./start.js');
await start();
