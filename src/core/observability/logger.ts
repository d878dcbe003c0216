import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import type { Settings } from '../../config/settings.js';
import { isoTime } from '../serialization/iso-time.js';
import { INCOMING, requestContext } from './request-context.js';

/** Cloud Logging's names for pino's levels. */
const SEVERITY: Record<string, string> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

const SECRETS = [
  'password',
  'currentPassword',
  'newPassword',
  'accessToken',
  'refreshToken',
  'token',
  'authorization',
  'cookie',
];

/**
 * Pretty lines in development, elsewhere JSON with the fields that Cloud Logging reads (`severity`, `message`, `time`,
 * trace). Each line written while a request is served carries its `requestId`.
 */
export async function createLogger(settings: Settings, destination?: DestinationStream): Promise<Logger> {
  const options: LoggerOptions = {
    level: settings.LOG_LEVEL,
    base: null,
    messageKey: 'message',
    mixin: (line) => (INCOMING in line ? line : { ...requestContext.getStore() }), // request-log.ts adds it by itself
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
  };
  if (settings.NODE_ENV === 'development' && !destination) {
    const { default: pretty } = await import('pino-pretty');
    return pino(options, pretty({ messageKey: 'message', singleLine: true, translateTime: 'HH:MM:ss.l' }));
  }
  return pino(
    {
      ...options,
      timestamp: () => `,"time":"${isoTime(new Date())}"`,
      formatters: { level: (label) => ({ severity: SEVERITY[label] }) },
    },
    destination ?? standardOutput(),
  );
}

/**
 * As bytes: of text the destination would measure all that it holds anew at each line. By the hundred lines where there
 * are so many: each write goes to another thread, which costs more than making ten lines.
 */
function standardOutput(): DestinationStream {
  const output = pino.destination({
    sync: false,
    minLength: 32_768,
    maxWrite: 65_536,
    maxLength: 16 * 2 ** 20, // where nobody reads, what comes then is lost, not the service
    periodicFlush: 250, // milliseconds: what a sudden end can lose
    contentMode: 'buffer',
  });
  const asBytes = { write: (line: string) => output.write(Buffer.from(line) as never) };
  return Object.assign(asBytes, { flushSync: () => output.flushSync() }); // for what pino writes before a crash
}
