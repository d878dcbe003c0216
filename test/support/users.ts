import { randomUUID } from 'node:crypto';
import type { APIErrorResponse, APIResponse } from '../../src/core/http/envelope.js';
import type { Role } from '../../src/core/auth/roles.js';
import type { RegisterBody, SignedInResponse } from '../../src/features/auth/auth.dto.js';
import { AuthService } from '../../src/features/auth/auth.service.js';
import type { Setup } from './setup.js';

/** What comes back, well or not. */
export interface Body<Data>
  extends Pick<APIResponse<Data>, 'data' | 'meta'>, Pick<APIErrorResponse, 'error'> {}

export const PASSWORD = 'correct horse battery staple';

/** A body for `/auth/register` that nobody has used yet. */
export function person(fields: Partial<RegisterBody> = {}): RegisterBody {
  return {
    email: `user-${randomUUID()}@example.com`,
    password: PASSWORD,
    firstName: 'Ada',
    lastName: 'Lovelace',
    ...fields,
  };
}

export interface SignedIn extends SignedInResponse {
  /** The access token. */
  token: string;
}

export async function registerUser({ post }: Setup, fields: Partial<RegisterBody> = {}): Promise<SignedIn> {
  const { body } = await post<Body<SignedInResponse>>('/auth/register', person(fields));
  return signedIn(body.data);
}

export async function login({ post }: Setup, email: string, password = PASSWORD): Promise<SignedIn> {
  const { body } = await post<Body<SignedInResponse>>('/auth/login', { email, password });
  return signedIn(body.data);
}

/** Somebody with a role, which nobody gets by registering. */
export async function createWithRole(app: Setup, role: Role): Promise<SignedIn> {
  const { email } = await app.app.get(AuthService).createUser(person(), role);
  return login(app, email);
}

export const createAdmin = (app: Setup) => createWithRole(app, 'admin');

function signedIn(data: SignedInResponse): SignedIn {
  return { ...data, token: data.tokens.accessToken };
}
