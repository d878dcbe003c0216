#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { startEmbeddedFirestore } from './index.ts';

const HELP = `Usage: embedded-firestore [options]

Serves Firestore to Google's client libraries on this machine.

  --host HOST      address to listen on (default 127.0.0.1)
  --port PORT      port to listen on (default 8080, 0 takes any free one)
  --data DIR       keep the data in this directory (default .data/firestore)
  --memory         keep the data in memory only
  --indexes FILE   refuse queries whose index is not declared in this firestore.indexes.json
  --help           show this text
`;

const OPTIONS = {
  host: { type: 'string' },
  port: { type: 'string', default: '8080' },
  data: { type: 'string', default: '.data/firestore' },
  memory: { type: 'boolean', default: false },
  indexes: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port must be a port number, not "${values.port}".`);
  const server = await startEmbeddedFirestore({
    port,
    ...(values.host !== undefined && { host: values.host }),
    ...(!values.memory && { dataDirectory: values.data }),
    ...(values.indexes !== undefined && { indexes: 'strict', indexFile: values.indexes }),
  });
  process.stdout.write(
    `Firestore listens on ${server.address}, data ${values.memory ? 'in memory' : `in ${values.data}`}.\n`,
  );
  process.stdout.write(`export FIRESTORE_EMULATOR_HOST=${server.address}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
