import { rmSync } from 'node:fs';

/** Before a run: forgets which responses an earlier one has seen; see `response-coverage.js`. */
export default function forgetResponses() {
  rmSync('coverage/responses', { recursive: true, force: true });
}
