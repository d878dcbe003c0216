/** From the least to the most powerful. Nobody can give himself a role. */
export const ROLES = ['user', 'moderator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What a role may do beyond its own account. Add a permission here and name it in `@Permissions(...)`. */
export const PERMISSIONS = {
  user: [],
  moderator: ['users:read'],
  admin: ['users:read', 'users:list', 'users:write', 'users:delete', 'audit:read'],
} as const satisfies Record<Role, readonly string[]>;
export type Permission = (typeof PERMISSIONS)[Role][number];

export const PERMISSION_NAMES = [...new Set(Object.values(PERMISSIONS).flat())];

/** What a {@link Caller} has of rights. */
interface Rights {
  role: Role;
  scopes?: readonly Permission[];
}

/** Whether the caller may do it to anybody: his role says so, and the scopes of his API key, if it is one. */
export function hasPermission({ role, scopes }: Rights, permission: Permission): boolean {
  return (PERMISSIONS[role] as readonly string[]).includes(permission) && isInScope({ scopes }, permission);
}

/** A session has no bounds. An API key does what its scopes name, and nothing where no permission is asked for. */
export function isInScope({ scopes }: Pick<Rights, 'scopes'>, permission: Permission | undefined): boolean {
  return scopes === undefined || (permission !== undefined && scopes.includes(permission));
}
