import { Injectable, type Type } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import { INCOMING, requestContext } from '../observability/request-context.js';
import { shapeOf } from '../serialization/response-shape.js';
import { UpstreamError, UpstreamTimeout } from './http-client.errors.js';

export interface HttpCall<Answer extends object> {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Record<string, string | number | boolean>;
  headers?: Record<string, string>;
  /** Names of headers of the request under way that go along, e.g. `accept-language`. */
  forward?: readonly string[];
  /** Sent as JSON. */
  body?: object;
  /** The DTO that a success must match. What it does not declare is left out. Without it the answer is `unknown`. */
  answer?: Type<Answer>;
  /** Milliseconds for all of it. Default 5000. */
  timeout?: number;
  /** Largest answer in bytes. Default 1 MiB. */
  limit?: number;
}

/**
 * Calls other services: JSON in and out, the request id along with it, and one kind of failure.
 *
 * ```ts
 * const rate = await this.http.call('https://rates.example/v1/EUR', { answer: RateResponse });
 * ```
 */
@Injectable()
export class HttpClient {
  /** A test puts its `MockAgent` here. Default: undici's own. */
  dispatcher: Dispatcher | undefined;

  /**
   * @throws {UpstreamTimeout}
   * @throws {UpstreamError} if it cannot be reached, answers with an error, with too much, or not what `answer` declares
   */
  async call<Answer extends object>(url: string, call: HttpCall<Answer> = {}): Promise<Answer> {
    const { timeout = 5000, limit = 1024 * 1024 } = call;
    const { request } = await import('undici'); // large; not every service calls another
    try {
      const response = await request(url, {
        dispatcher: this.dispatcher,
        method: call.method ?? 'GET',
        query: call.query,
        headers: headersOf(call),
        body: call.body && JSON.stringify(call.body),
        signal: AbortSignal.timeout(timeout),
      });
      const answer = await readJson(response, limit);
      if (response.statusCode >= 300) throw new UpstreamError(url, { status: response.statusCode, answer });
      return matching(call.answer, answer);
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      if (isTimeout(error)) throw new UpstreamTimeout(url, { cause: error });
      throw new UpstreamError(url, { cause: error });
    }
  }
}

function headersOf({ headers, forward = [], body }: HttpCall<object>): Record<string, string> {
  const context = requestContext.getStore();
  const forwarded = forward.flatMap((name) => {
    const value = context?.[INCOMING].headers[name.toLowerCase()];
    return typeof value === 'string' ? [[name.toLowerCase(), value]] : [];
  });
  return {
    accept: 'application/json',
    ...(body && { 'content-type': 'application/json' }),
    ...(context && { 'x-request-id': context.requestId }),
    ...(Object.fromEntries(forwarded) as Record<string, string>),
    ...headers,
  };
}

async function readJson({ body }: Dispatcher.ResponseData, limit: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limit) throw new Error(`The answer is larger than ${limit} bytes.`); // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return size === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as unknown);
}

function matching<Answer extends object>(type: Type<Answer> | undefined, answer: unknown): Answer {
  if (!type) return answer as Answer;
  const shape = shapeOf(type);
  const declared = shape.project(answer);
  if (shape.matches(declared)) return declared as Answer;
  throw new Error(`The answer does not match: ${shape.explain(declared, 'answer').join('; ')}`);
}

const TIMEOUTS: unknown[] = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

function isTimeout(error: unknown): boolean {
  return (
    (error instanceof DOMException && error.name === 'TimeoutError') ||
    TIMEOUTS.includes((error as { code?: unknown }).code)
  );
}
