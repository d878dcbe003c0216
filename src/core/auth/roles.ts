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

export function hasPermission(role: Role, permission: Permission): boolean {
  return (PERMISSIONS[role] as readonly string[]).includes(permission);
}
