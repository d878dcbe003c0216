import { InvalidInput } from '../core/errors/errors.js';

/** Runs a command; says in plain words what went wrong. */
export async function runCommand(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(explain(error, name));
    process.exitCode = 1;
  }
}

function explain(error: unknown, name: string): string {
  if (!(error instanceof Error)) return String(error);
  const mistakes = error instanceof InvalidInput && error.details!.errors.map(({ message }) => message);
  if (!mistakes && !(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) return error.message;
  return [...(mistakes || [error.message]), `npm run ${name} -- --help tells how to use this.`].join('\n');
}
