import { randomUUID } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { type AppOptions, createApp } from '../../src/app.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { FirestoreClientModule } from '../../src/core/firestore/firestore-client.module.js';
import { FirestoreHealth } from '../../src/core/firestore/firestore-health.js';
import { ResponseRecorder } from './response-recorder.js';

export interface Answer<Body> {
  status: number;
  headers: LightMyRequestResponse['headers'];
  body: Body;
}

export interface Call {
  token?: string;
  headers?: Record<string, string>;
  query?: Record<string, string>;
}

/** The whole application on the real engine, in memory, or on the emulator that `FIRESTORE_EMULATOR_HOST` names. */
export async function setup(environment: Record<string, string> = {}, options: AppOptions = {}) {
  const emulator = process.env.FIRESTORE_EMULATOR_HOST;
  const settings = await loadSettings({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    RATE_LIMIT: '100000',
    RATE_LIMIT_SIGN_IN: '100000',
    // For hundreds of passwords; auth.e2e-spec.ts has them hashed as in production, which would refuse this.
    ...(environment.NODE_ENV === 'production' ? {} : { PASSWORD_MEMORY: '64' }),
    ...environment,
    ...(emulator ? { FIRESTORE_MODE: 'emulator', FIRESTORE_EMULATOR_HOST: emulator } : {}),
  });
  const imports = [...(options.imports ?? []), FirestoreClientModule, ResponseRecorder];
  const app = await createApp(settings, { ...options, imports });
  await app.get(FirestoreHealth).answers(); // opens Firestore now, not in somebody's first test
  return { app, settings, ...clientOf(app), close: () => app.close() };
}

/** For a test that looks at whole collections: on an emulator, too, nobody else's data is there. */
export const databaseOfItsOwn = () => ({ GOOGLE_CLOUD_PROJECT: `test-${randomUUID()}` });

export type Setup = Awaited<ReturnType<typeof setup>>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test asserts on whatever came back
type Anything = any;

/** Requests to the API by the path after `/api/v1`. */
function clientOf(app: NestFastifyApplication) {
  type Method = NonNullable<InjectOptions['method']>;
  const send = async <Body>(
    method: Method,
    path: string,
    payload?: object,
    call: Call = {},
  ): Promise<Answer<Body>> => {
    const authorization = call.token ? { authorization: `Bearer ${call.token}` } : {};
    const headers = { ...authorization, ...call.headers };
    const response = await app.inject({ method, url: `/api/v1${path}`, headers, query: call.query, payload });
    const body = (response.body === '' ? undefined : response.json()) as Body;
    return { status: response.statusCode, headers: response.headers, body };
  };
  return {
    get: <Body = Anything>(path: string, call?: Call) => send<Body>('GET', path, undefined, call),
    delete: <Body = Anything>(path: string, call?: Call) => send<Body>('DELETE', path, undefined, call),
    post: <Body = Anything>(path: string, payload?: object, call?: Call) =>
      send<Body>('POST', path, payload, call),
    patch: <Body = Anything>(path: string, payload?: object, call?: Call) =>
      send<Body>('PATCH', path, payload, call),
  };
}
