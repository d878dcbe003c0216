/** What is recorded. A feature that does something new to an account adds it here. */
export const AUDIT_ACTIONS = [
  'user.created',
  'user.updated',
  'user.deleted',
  'user.role_changed',
  'sign_in.succeeded',
  'sign_in.failed',
  'sign_in.identity_linked',
  'session.ended',
  'session.all_ended',
  'session.token_reused',
  'password.changed',
  'password.reset',
  'email.changed',
  'email.verified',
  'api_key.created',
  'api_key.revoked',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];
