/**
 * Fastify by hand, by somebody who measures: nothing is computed per request that could be computed before. It protects
 * and tells the same as the service: request id in each log line and beyond, versions by header, tokens that can be
 * revoked, limits, roles, checks of what comes in and of what goes out.
 */ import { AsyncLocalStorage } from 'node:async_hooks';
import { createSecretKey, hash, randomUUIDv7 } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import { fastify, LogController } from 'fastify';
import helmet from 'helmet';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import { AUDIENCE, ISSUER, LIMIT, ORDER_ID, PAGINATION, SECRET, USERS } from './data.js';
export const string = {
    type: 'string'
};
export const integer = {
    type: 'integer'
};
const boolean = {
    type: 'boolean'
};
export const object = (properties)=>({
        type: 'object',
        properties,
        required: Object.keys(properties),
        additionalProperties: false
    });
const order = {
    title: {
        type: 'string',
        minLength: 1,
        maxLength: 100
    },
    email: {
        type: 'string',
        format: 'email'
    },
    quantity: {
        type: 'integer',
        minimum: 1,
        maximum: 100
    },
    price: {
        type: 'number',
        minimum: 0
    },
    gift: boolean
};
const user = {
    id: string,
    email: string,
    firstName: string,
    lastName: string,
    role: string,
    phone: string,
    city: string,
    country: string,
    active: boolean,
    logins: integer,
    createdAt: {
        type: 'string',
        format: 'date-time'
    },
    updatedAt: {
        type: 'string',
        format: 'date-time'
    }
}; // prettier-ignore
const pagination = object({
    page: integer,
    limit: integer,
    total: integer,
    totalPages: integer,
    hasNext: boolean,
    hasPrevious: boolean
}); // prettier-ignore
const meta = {
    requestId: string,
    timestamp: string
};
export const envelope = (data, further = {})=>object({
        success: boolean,
        data,
        meta: object({
            ...meta,
            ...further
        })
    });
export const metaOf = (request)=>({
        requestId: request.id,
        timestamp: new Date().toISOString()
    });
function securityHeaders() {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const directives = {
        defaultSrc: [
            "'self'"
        ],
        baseUri: [
            "'none'"
        ],
        formAction: [
            "'self'"
        ],
        frameAncestors: [
            "'none'"
        ],
        imgSrc: [
            "'self'",
            'data:'
        ],
        objectSrc: [
            "'none'"
        ],
        scriptSrc: [
            "'self'"
        ],
        styleSrc: [
            "'self'",
            "'unsafe-inline'"
        ]
    };
    const helmetOf = helmet({
        contentSecurityPolicy: {
            useDefaults: false,
            directives
        },
        frameguard: {
            action: 'deny'
        }
    });
    helmetOf(response.req, response, ()=>undefined);
    return response.getHeaders();
}
const key = createSecretKey(Buffer.from(SECRET));
const verified = new Map();
/** Sessions and users whose tokens hold no longer. */ const revoked = new Set();
function callerOf(authorization) {
    if (!authorization?.startsWith('Bearer ')) return null;
    const token = hash('sha256', authorization, 'base64url'); // no token can be read from memory
    const known = verified.get(token);
    if (known && known.expires > Date.now()) return isRevoked(known.caller) ? null : known.caller;
    try {
        const options = {
            algorithms: [
                'HS256'
            ],
            issuer: ISSUER,
            audience: AUDIENCE
        };
        const { sub, role, sid, exp } = jwt.verify(authorization.slice(7), key, options);
        const caller = {
            id: sub,
            role,
            session: sid
        };
        if (verified.size >= 10_000) verified.delete(verified.keys().next().value);
        verified.set(token, {
            caller,
            expires: exp * 1000
        });
        return isRevoked(caller) ? null : caller;
    } catch  {
        return null;
    }
}
const isRevoked = ({ id, session })=>revoked.has(session) || revoked.has(id);
const windows = new Map();
/** Counts by user, or by address of who is nobody; false above the limit. */ function isWithinLimit(request, reply) {
    const who = request.caller ? `user:${request.caller.id}` : `address:${request.ip}`;
    const now = Date.now();
    let window = windows.get(who);
    if (!window || window.endsAt <= now) {
        window = {
            hits: 0,
            endsAt: now + 60_000
        };
        windows.delete(who);
        if (windows.size >= 100_000) windows.delete(windows.keys().next().value);
        windows.set(who, window);
    }
    window.hits += 1;
    const rest = Math.max(0, LIMIT - window.hits);
    reply.header('RateLimit-Policy', `"default";q=${LIMIT};w=60`);
    reply.header('RateLimit', `"default";r=${rest};t=${Math.ceil((window.endsAt - now) / 1000)}`);
    return window.hits <= LIMIT;
}
function refuse(reply, status, code) {
    reply.status(status).send({
        success: false,
        error: {
            code
        },
        meta: metaOf(reply.request)
    });
}
const requestContext = new AsyncLocalStorage();
function createLogger() {
    const options = {
        base: null,
        messageKey: 'message',
        mixin: ()=>({
                ...requestContext.getStore()
            }),
        timestamp: ()=>`,"time":"${new Date().toISOString()}"`,
        formatters: {
            level: (label)=>({
                    severity: label.toUpperCase()
                })
        }
    };
    return pino(options, pino.destination({
        sync: false,
        minLength: 4096
    }));
}
const WELL_FORMED_ID = /^[\w.:/+=-]{8,128}$/;
function requestIdOf({ headers }) {
    const given = headers['x-request-id'];
    return typeof given === 'string' && WELL_FORMED_ID.test(given) ? given : randomUUIDv7();
}
/** A client may name the version in a header instead of in the path. */ function selectVersion({ url = '/', headers }) {
    if (!url.startsWith('/api/') || /^v\d/.test(url.slice(5, 7))) return url;
    const version = headers['x-api-version'];
    return typeof version === 'string' ? `/api/v${encodeURIComponent(version)}/${url.slice(5)}` : url;
}
function registerHooks(app) {
    const constantHeaders = securityHeaders();
    app.addHook('onRequest', (request, reply, done)=>{
        reply.headers(constantHeaders).header('X-Request-ID', request.id);
        requestContext.run({
            requestId: request.id
        }, done);
    });
    app.addHook('onRequest', (request, reply, done)=>{
        request.caller = callerOf(request.headers.authorization);
        if (!isWithinLimit(request, reply)) return refuse(reply, 429, 'TOO_MANY_REQUESTS');
        if (!request.caller) return refuse(reply, 401, 'UNAUTHORIZED');
        if (request.caller.role !== 'user') return refuse(reply, 403, 'FORBIDDEN');
        done();
    });
    app.addHook('onSend', (_request, reply, payload, done)=>{
        const milliseconds = reply.elapsedTime.toFixed(3);
        reply.header('X-Response-Time', milliseconds).header('Server-Timing', `total;dur=${milliseconds}`);
        done(null, payload);
    });
    app.addHook('onResponse', (request, reply, done)=>{
        const url = request.url.split('?', 1)[0];
        const httpRequest = {
            requestMethod: request.method,
            requestUrl: url,
            status: reply.statusCode,
            latency: `${(reply.elapsedTime / 1000).toFixed(6)}s`,
            remoteIp: request.ip,
            userAgent: request.headers['user-agent']
        };
        const line = {
            route: request.routeOptions.url,
            userId: request.caller?.id,
            httpRequest
        };
        request.log.info(line, `${request.method} ${url} ${reply.statusCode}`);
        done();
    });
}
function registerRoutes(app) {
    const me = envelope(object({
        id: string,
        role: string,
        session: string
    }));
    app.get('/api/v1/bench/me', {
        schema: {
            response: {
                200: me
            }
        }
    }, (request, reply)=>{
        reply.send({
            success: true,
            data: request.caller,
            meta: metaOf(request)
        });
    });
    const ordered = envelope(object({
        ...order,
        id: string
    }));
    app.post('/api/v1/bench/orders', {
        schema: {
            body: object(order),
            response: {
                201: ordered
            }
        }
    }, (request, reply)=>{
        const { title, email, quantity, price, gift } = request.body;
        const data = {
            title,
            email,
            quantity,
            price,
            gift,
            id: ORDER_ID
        };
        reply.status(201).send({
            success: true,
            data,
            meta: metaOf(request)
        });
    });
    const users = envelope({
        type: 'array',
        items: object(user)
    }, {
        pagination
    });
    app.get('/api/v1/bench/users', {
        schema: {
            response: {
                200: users
            }
        }
    }, (request, reply)=>{
        reply.send({
            success: true,
            data: USERS,
            meta: {
                ...metaOf(request),
                pagination: PAGINATION
            }
        });
    });
}
/** With everything but routes. */ export async function createServer() {
    const app = fastify({
        loggerInstance: createLogger(),
        childLoggerFactory: (parent)=>parent,
        logController: new LogController({
            disableRequestLogging: true
        }),
        genReqId: requestIdOf,
        rewriteUrl: selectVersion,
        requestIdHeader: false,
        trustProxy: (_address, hop)=>hop < 1,
        ajv: {
            customOptions: {
                coerceTypes: false,
                removeAdditional: false,
                allErrors: true
            }
        }
    });
    app.decorateRequest('caller', null);
    await app.register(compress, {
        threshold: 1024
    });
    await app.register(cors, {
        origin: [],
        credentials: true,
        exposedHeaders: [
            'X-Request-ID',
            'X-Response-Time',
            'RateLimit',
            'RateLimit-Policy',
            'Retry-After',
            'ETag',
            'Location',
            'Idempotency-Replayed',
            'Deprecation',
            'Sunset',
            'Link'
        ]
    });
    registerHooks(app);
    return app;
}
export async function listen(app) {
    await app.listen({
        port: 0,
        host: '127.0.0.1'
    });
    return app.server.address().port;
}
export const start = async ()=>{
    const app = await createServer();
    registerRoutes(app);
    return listen(app);
};

//# sourceMappingURL=fastify.js.map