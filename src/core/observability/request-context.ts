import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/caller.js';

export const INCOMING = Symbol('incoming request');

/** What is known of who asks, whichever door he came through; a Fastify request is one. */
export interface Incoming {
  headers: IncomingHttpHeaders;
  /** Address of the client. */
  ip: string;
  /** Who is signed in, once the authentication guard has looked. */
  user?: Caller;
}

/** What code far from the controller may know of the request it works for; every log line carries it. */
export interface RequestContext {
  requestId: string;
  /** The request itself: headers that go along on a call, caller and address of an audit entry. A symbol: no log line shows it. */
  [INCOMING]: Incoming;
  'logging.googleapis.com/trace'?: string;
  'logging.googleapis.com/spanId'?: string;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

/** W3C Trace Context: version, trace id, parent id, flags. */
const TRACEPARENT = /^00-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}$/;

/** @param project Google Cloud project, in whose terms Cloud Logging wants the trace */
export function requestContextOf(request: FastifyRequest, project: string | undefined): RequestContext {
  const trace =
    typeof request.headers.traceparent === 'string' && TRACEPARENT.exec(request.headers.traceparent);
  const context = { requestId: request.id } as RequestContext;
  context[INCOMING] = request; // a symbol within the braces would cost more than all else here
  if (trace && project) {
    context['logging.googleapis.com/trace'] = `projects/${project}/traces/${trace[1]}`;
    context['logging.googleapis.com/spanId'] = trace[2];
  }
  return context;
}
