import type { Role } from './roles.js';

/** Who makes the request, as the access token says. */
export interface Caller {
  /** Id of the user. */
  id: string;
  role: Role;
  /** The sign-in that the token came from. */
  sessionId: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication guard when the request carries a valid token. */
    user?: Caller;
  }
}
