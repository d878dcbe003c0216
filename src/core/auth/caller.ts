import type { Permission, Role } from './roles.js';

/** Who makes the request, as his token says. */
export interface Caller {
  /** Id of the user. */
  id: string;
  role: Role;
  /** The sign-in that the token came from; of an API key, or of an identity provider's token, the id of that. */
  sessionId: string;
  /** What an API key may do of what its user may. Absent in a session, which may do all of it. */
  scopes?: readonly Permission[];
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication guard when the request carries a valid token. */
    user?: Caller;
  }
}
