import { readFile, writeFile } from 'node:fs/promises';
import { createApp } from '../app.js';
import { loadSettings } from '../config/load-settings.js';
import { createOpenApiDocument } from '../core/openapi/openapi.js';

// Writes openapi.json, or with --check fails when the committed one is stale.
const FILE = 'openapi.json';

const app = await createApp(await loadSettings({ NODE_ENV: 'test', LOG_LEVEL: 'warn' }));
const document = `${JSON.stringify(createOpenApiDocument(app), null, 2)}\n`;
await app.close();

if (!process.argv.includes('--check')) {
  await writeFile(FILE, document);
  console.log(`Wrote ${FILE}.`);
} else if ((await readFile(FILE, 'utf8').catch(() => '')) === document) {
  console.log(`${FILE} is up to date.`);
} else {
  console.error(`${FILE} does not match the code. Run "npm run openapi" and commit the file.`);
  process.exitCode = 1;
}
