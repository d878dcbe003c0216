import { createHmac } from 'node:crypto';
import { AUDIENCE, ISSUER, ITEMS, PAGE, SECRET } from './contestants/data.ts';

const ADDRESSES = 10_000;
const TOKENS = 1_000;

export interface Route {
  name: string;
  method: 'GET' | 'POST';
  path: string;
  body?: object;
}

export const ROUTES: Route[] = [
  { name: 'GET me', method: 'GET', path: '/api/v1/bench/me' },
  {
    name: 'POST order',
    method: 'POST',
    path: '/api/v1/bench/orders',
    body: { title: 'Analytical engine', email: 'ada@example.com', quantity: 3, price: 19.9, gift: true },
  },
  { name: 'GET list', method: 'GET', path: '/api/v1/bench/users' },
];

/** With a database. `:item` is one of the ten thousand. */
export const DATA_ROUTES: Route[] = [
  { name: 'GET one', method: 'GET', path: '/api/v1/bench/items/:item' },
  { name: 'POST visit', method: 'POST', path: '/api/v1/bench/items/:item/visits' },
  { name: 'GET page', method: 'GET', path: '/api/v1/bench/items?after=:item' },
];

export const pathOf = ({ path }: Route, at: number): string =>
  path.replace(':item', String((at * 7) % (ITEMS - PAGE)));

const tokens = Array.from({ length: TOKENS }, (_, at) => tokenOf(`user-${at}`));

/** One request for each address, with the tokens in turn. */
export function requestsFor(route: Route): string[] {
  const { method, body } = route;
  const payload = body ? JSON.stringify(body) : '';
  const content = body ? `content-type: application/json\r\ncontent-length: ${payload.length}\r\n` : '';
  return Array.from({ length: ADDRESSES }, (_, at) => {
    const address = `10.1.${at >> 8}.${at & 255}`;
    return (
      `${method} ${pathOf(route, at)} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench\r\naccept: application/json\r\n` +
      `x-forwarded-for: ${address}\r\nauthorization: Bearer ${tokens[at % TOKENS]}\r\n${content}\r\n${payload}`
    );
  });
}

export function headersOf({ body }: Route): Record<string, string> {
  const content: Record<string, string> = body ? { 'content-type': 'application/json' } : {};
  return {
    authorization: `Bearer ${tokens[0]}`,
    'x-forwarded-for': '10.1.0.0',
    'user-agent': 'bench',
    ...content,
  };
}

/** HS256 by hand: this process has no use for a library. */
function tokenOf(subject: string): string {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 3600 };
  const claims = {
    role: 'user',
    sid: `session-of-${subject}`,
    ...times,
    aud: AUDIENCE,
    iss: ISSUER,
    sub: subject,
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
