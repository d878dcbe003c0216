/** Fastify by hand, by somebody who measures: nothing is computed per request that could be computed before. */
import { createSecretKey, randomUUIDv7 } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Socket } from 'node:net';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import helmet from 'helmet';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import {
  AUDIENCE,
  type Claims,
  ISSUER,
  LIMIT,
  ORDER_ID,
  type Order,
  PAGINATION,
  SECRET,
  type Start,
  USERS,
} from './data.js';

interface Caller {
  id: string;
  role: string;
  session: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
  }
}

const string = { type: 'string' };
const integer = { type: 'integer' };
const boolean = { type: 'boolean' };
const object = (properties: object) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const order = {
  title: { type: 'string', minLength: 1, maxLength: 100 },
  email: { type: 'string', format: 'email' },
  quantity: { type: 'integer', minimum: 1, maximum: 100 },
  price: { type: 'number', minimum: 0 },
  gift: boolean,
};
const user = {
  id: string, email: string, firstName: string, lastName: string, role: string, phone: string, city: string,
  country: string, active: boolean, logins: integer, createdAt: { type: 'string', format: 'date-time' },
  updatedAt: { type: 'string', format: 'date-time' },
}; // prettier-ignore
const pagination = object({
  page: integer, limit: integer, total: integer, totalPages: integer, hasNext: boolean, hasPrevious: boolean,
}); // prettier-ignore
const meta = { requestId: string, timestamp: string };
const envelope = (data: object, further: object = {}) =>
  object({ success: boolean, data, meta: object({ ...meta, ...further }) });

const metaOf = (request: FastifyRequest) => ({ requestId: request.id, timestamp: new Date().toISOString() });

function securityHeaders(): Record<string, string> {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet()(response.req, response, () => undefined);
  return response.getHeaders() as Record<string, string>;
}

const key = createSecretKey(Buffer.from(SECRET));
const verified = new Map<string, { caller: Caller; expires: number }>();

function callerOf(authorization: string | undefined): Caller | null {
  if (!authorization?.startsWith('Bearer ')) return null;
  const known = verified.get(authorization);
  if (known && known.expires > Date.now()) return known.caller;
  try {
    const options = { algorithms: ['HS256' as const], issuer: ISSUER, audience: AUDIENCE };
    const { sub, role, sid, exp } = jwt.verify(authorization.slice(7), key, options) as Claims & {
      exp: number;
    };
    const caller = { id: sub, role, session: sid };
    if (verified.size >= 10_000) verified.delete(verified.keys().next().value!);
    verified.set(authorization, { caller, expires: exp * 1000 });
    return caller;
  } catch {
    return null;
  }
}

const windows = new Map<string, { hits: number; endsAt: number }>();

/** Counts by user, or by address of who is nobody; false above the limit. */
function isWithinLimit(request: FastifyRequest, reply: FastifyReply): boolean {
  const who = request.caller ? `user:${request.caller.id}` : `address:${request.ip}`;
  const now = Date.now();
  let window = windows.get(who);
  if (!window || window.endsAt <= now) {
    window = { hits: 0, endsAt: now + 60_000 };
    windows.delete(who);
    if (windows.size >= 100_000) windows.delete(windows.keys().next().value!);
    windows.set(who, window);
  }
  window.hits += 1;
  const rest = Math.max(0, LIMIT - window.hits);
  reply.header('RateLimit-Policy', `"default";q=${LIMIT};w=60`);
  reply.header('RateLimit', `"default";r=${rest};t=${Math.ceil((window.endsAt - now) / 1000)}`);
  return window.hits <= LIMIT;
}

function refuse(reply: FastifyReply, status: number, code: string): void {
  reply.status(status).send({ success: false, error: { code }, meta: metaOf(reply.request) });
}

function registerHooks(app: FastifyInstance): void {
  const constantHeaders = securityHeaders();
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(constantHeaders).header('X-Request-ID', request.id);
    request.caller = callerOf(request.headers.authorization);
    if (!isWithinLimit(request, reply)) return refuse(reply, 429, 'TOO_MANY_REQUESTS');
    if (!request.caller) return refuse(reply, 401, 'UNAUTHORIZED');
    if (request.caller.role !== 'user') return refuse(reply, 403, 'FORBIDDEN');
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    const milliseconds = reply.elapsedTime.toFixed(3);
    reply.header('X-Response-Time', milliseconds).header('Server-Timing', `total;dur=${milliseconds}`);
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const url = request.url.split('?', 1)[0]!;
    const httpRequest = {
      requestMethod: request.method,
      requestUrl: url,
      status: reply.statusCode,
      latency: `${(reply.elapsedTime / 1000).toFixed(6)}s`,
      remoteIp: request.ip,
      userAgent: request.headers['user-agent'],
    };
    const line = {
      requestId: request.id,
      route: request.routeOptions.url,
      userId: request.caller?.id,
      httpRequest,
    };
    request.log.info(line, `${request.method} ${url} ${reply.statusCode}`);
    done();
  });
}

function registerRoutes(app: FastifyInstance): void {
  const me = envelope(object({ id: string, role: string, session: string }));
  app.get('/api/v1/bench/me', { schema: { response: { 200: me } } }, (request, reply) => {
    reply.send({ success: true, data: request.caller, meta: metaOf(request) });
  });

  const ordered = envelope(object({ ...order, id: string }));
  app.post<{ Body: Order }>(
    '/api/v1/bench/orders',
    { schema: { body: object(order), response: { 201: ordered } } },
    (request, reply) => {
      const { title, email, quantity, price, gift } = request.body;
      const data = { title, email, quantity, price, gift, id: ORDER_ID };
      reply.status(201).send({ success: true, data, meta: metaOf(request) });
    },
  );

  const users = envelope({ type: 'array', items: object(user) }, { pagination });
  app.get('/api/v1/bench/users', { schema: { response: { 200: users } } }, (request, reply) => {
    reply.send({ success: true, data: USERS, meta: { ...metaOf(request), pagination: PAGINATION } });
  });
}

export const start: Start = async () => {
  const app = fastify({
    loggerInstance: pino(
      { base: null },
      pino.destination({ sync: false, minLength: 4096 }),
    ) as FastifyBaseLogger,
    childLoggerFactory: (parent) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => (request.headers['x-request-id'] as string | undefined) ?? randomUUIDv7(),
    requestIdHeader: false,
    trustProxy: (_address: string, hop: number) => hop < 1,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } },
  });
  app.decorateRequest('caller', null);
  await app.register(compress, { threshold: 1024 });
  await app.register(cors, {
    origin: [],
    credentials: true,
    exposedHeaders: ['X-Request-ID', 'X-Response-Time', 'RateLimit'],
  });
  registerHooks(app);
  registerRoutes(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
};
