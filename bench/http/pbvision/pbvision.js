/**
 * `@pbvision/fastify-firestore-service` as its README teaches it. It has neither limits nor security headers, and no
 * authentication: it reads the token as behind a gateway that has verified it. All of that is in its favour.
 */
import S from '@pbvision/schema';
import { API, EXCEPTIONS, makeService } from '@pbvision/fastify-firestore-service';
import { ORDER_ID, PAGINATION, USERS } from '../contestants/data.ts';

const { ForbiddenException, RequestDone, UnauthorizedException } = EXCEPTIONS;

/** The base class of all: who calls, and whether that role may. */
export const authenticated = (Base) =>
  class extends Base {
    static METHOD = 'GET';
    static DESC = 'For users only';
    static HEADERS = { authorization: S.str };
    static ERRORS = { ForbiddenException, UnauthorizedException };

    constructor(fastify, request, reply) {
      super(fastify, request, reply);
      const { authorization } = request.headers;
      if (!authorization.startsWith('Bearer ')) throw new UnauthorizedException();
      const [, claims] = authorization.split('.');
      this.claims = JSON.parse(Buffer.from(claims, 'base64url').toString());
      if (this.claims.role !== 'user') throw new ForbiddenException();
    }
  };

export const envelope = (data, further = {}) => ({
  success: S.bool,
  data,
  meta: S.obj({ requestId: S.str, timestamp: S.str, ...further }),
});

export const answer = (request, data, further) => ({
  success: true,
  data,
  meta: { requestId: request.id, timestamp: new Date().toISOString(), ...further },
});

class MeAPI extends authenticated(API) {
  static PATH = '/api/v1/bench/me';
  static RESPONSE = envelope(S.obj({ id: S.str, role: S.str, session: S.str }));

  async computeResponse(request) {
    const { sub, role, sid } = this.claims;
    return answer(request, { id: sub, role, session: sid });
  }
}

const order = {
  title: S.str.min(1).max(100),
  email: S.SCHEMAS.STR_EMAIL,
  quantity: S.int.min(1).max(100),
  price: S.double.min(0),
  gift: S.bool,
};

class Created extends RequestDone {
  static STATUS = 201;
  static SCHEMA = S.obj(envelope(S.obj({ ...order, id: S.str })));
}

class OrderAPI extends authenticated(API) {
  static METHOD = 'POST';
  static PATH = '/api/v1/bench/orders';
  static BODY = order;
  static RESPONSE = Created;

  async computeResponse(request) {
    const { title, email, quantity, price, gift } = request.body;
    throw new Created(answer(request, { title, email, quantity, price, gift, id: ORDER_ID }));
  }
}

const user = {
  id: S.str, email: S.str, firstName: S.str, lastName: S.str, role: S.str, phone: S.str, city: S.str, country: S.str,
  active: S.bool, logins: S.int, createdAt: S.SCHEMAS.TIMESTAMP, updatedAt: S.SCHEMAS.TIMESTAMP,
}; // prettier-ignore
const pagination = S.obj({
  page: S.int, limit: S.int, total: S.int, totalPages: S.int, hasNext: S.bool, hasPrevious: S.bool,
}); // prettier-ignore

class UsersAPI extends authenticated(API) {
  static PATH = '/api/v1/bench/users';
  static RESPONSE = envelope(S.arr(S.obj(user)), { pagination });

  async computeResponse(request) {
    const users = USERS.map(({ passwordHash: _, createdAt, updatedAt, ...rest }) => ({
      ...rest,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }));
    return answer(request, users, { pagination: PAGINATION });
  }
}

export async function startWith(components) {
  process.env.NODE_ENV = 'prod'; // its word for production
  const app = await makeService({ service: 'bench', components });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server.address().port;
}

export const start = () => startWith({ MeAPI, OrderAPI, UsersAPI });
