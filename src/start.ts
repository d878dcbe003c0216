import { existsSync } from 'node:fs';
import { createApp } from './app.js';
import { loadSettings } from './config/load-settings.js';

/** Starts the service from the environment (and `.env`, where there is one) and stops it on SIGTERM and SIGINT. */
export async function start(): Promise<void> {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    const settings = await loadSettings(process.env);
    const app = await createApp(settings);
    // Process 1 of a container cannot end itself by a signal, and only an exit writes out the last log lines.
    app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
    const listenTextResolver = (address: string) =>
      `Listening on ${address} (documentation: ${address}/docs)`;
    await app
      .listen({ port: settings.PORT, host: settings.HOST, listenTextResolver })
      .catch(async (error: unknown) => {
        await app.close();
        throw error;
      });
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}

/** Errors whose message says what to do; where they were thrown helps nobody. */
const MESSAGES_FOR_PEOPLE = new Set(['InvalidSettings', 'StartFailure']);

function explain(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE') {
    return `Port ${port} of ${address} is in use by another process. Stop that process, or set PORT to a free port.`;
  }
  if (code === 'EACCES' && port)
    return `Port ${port} of ${address} needs privileges. Set PORT to a port above 1023.`;
  return MESSAGES_FOR_PEOPLE.has(error.name) ? error.message : error;
}
