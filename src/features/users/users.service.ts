import { Injectable } from '@nestjs/common';
import type { Caller } from '../../core/auth/caller.js';
import { hasPermission, type Role } from '../../core/auth/roles.js';
import { Revocations } from '../../core/auth/revocations.js';
import { Forbidden } from '../../core/errors/errors.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import type { Page } from '../../core/pagination/page.js';
import { Pages } from '../../core/pagination/pages.js';
import { AuditService } from '../audit/audit.service.js';
import { Email, type Person, User } from './user.document.js';
import { normalizeEmail } from './email-address.js';
import { searchTerm } from './user-search.js';
import type { UpdateUserBody, UserQuery } from './users.dto.js';
import { LastAdmin, UserNotFound } from './users.errors.js';

export { normalizeEmail } from './email-address.js';
export type { User } from './user.document.js';

export type NewUser = Person & Pick<User, 'passwordHash' | 'role'> & Partial<Pick<User, 'emailVerified'>>;

const SORT_FIELDS = {
  createdAt: 'createdAt',
  email: 'normalized.email',
  firstName: 'normalized.firstName',
  lastName: 'normalized.lastName',
} as const;

const NOT_BY_API_KEY = { message: 'An API key may change neither an e-mail address nor a role.' };

type EmailChangeHook = (user: User, previous: string, caller: Caller) => Promise<void>;

/** The users. What writes wants a writing transaction around it. */
@Injectable()
export class UsersService {
  private readonly deletionHooks: Array<(userId: string) => Promise<void>> = [];
  private readonly emailChangeHooks: EmailChangeHook[] = [];

  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    @InjectRepository(Email) private readonly emails: Repository<Email>,
    private readonly pages: Pages,
    private readonly audit: AuditService,
    private readonly revocations: Revocations,
  ) {}

  /** Has other features clear away what belongs to a user, in the transaction that deletes him. */
  onDelete(hook: (userId: string) => Promise<void>): void {
    this.deletionHooks.push(hook);
  }

  /** Has other features act on a new e-mail address, in the transaction that changes it. */
  onEmailChange(hook: EmailChangeHook): void {
    this.emailChangeHooks.push(hook);
  }

  /** @throws {EmailTaken} from the commit */
  create(user: NewUser): User {
    const created = this.users.create(user);
    this.claimEmail(created);
    this.audit.record({ action: 'user.created', userId: created.id, details: { role: created.role } });
    return created;
  }

  find(id: string): Promise<User | undefined> {
    return this.users.find(id);
  }

  /** @throws {UserNotFound} */
  findOrFail(id: string): Promise<User> {
    return this.users.findOrFail(id);
  }

  findByEmail(email: string): Promise<User | undefined> {
    return this.users.query().where('normalized.email', '==', normalizeEmail(email)).first();
  }

  /** The composite indexes of these queries are in `firestore.indexes.json`. */
  list(query: UserQuery): Promise<Page<User>> {
    const { search = '', role, sort, order } = query;
    const term = searchTerm(search);
    let matching = this.users.query();
    if (role) matching = matching.where('role', '==', role);
    if (term) matching = matching.where('searchPrefixes', 'array-contains', term);
    const ordered = matching.orderBy(SORT_FIELDS[sort], order).orderBy('id', order);
    return this.pages.read(ordered, query, { list: 'users', role, term, sort, order });
  }

  /**
   * @throws {Forbidden} if the caller may not give roles, or is an API key, which could make itself more than it is
   * @throws {UserNotFound}
   * @throws {LastAdmin}
   * @throws {RecentSignInRequired}
   * @throws {EmailTaken} from the commit
   */
  async update(id: string, changes: UpdateUserBody, caller: Caller): Promise<User> {
    const { role, email, ...names } = changes;
    if (role !== undefined && !hasPermission(caller, 'users:write')) throw new Forbidden();
    if (caller.scopes && (role !== undefined || email !== undefined)) throw new Forbidden(NOT_BY_API_KEY);
    const user = await this.users.findOrFail(id);
    if (role !== undefined) await this.giveRole(user, role);
    if (email !== undefined) await this.changeEmail(user, email, caller);
    const { firstName = user.firstName, lastName = user.lastName } = names;
    this.audit.record({ action: 'user.updated', userId: id });
    return Object.assign(user, { firstName, lastName, updatedAt: new Date() });
  }

  /**
   * Gives a role without asking who does: for commands.
   * @throws {UserNotFound}
   * @throws {LastAdmin}
   */
  async promote(email: string, role: Role): Promise<User> {
    const user = await this.findByEmail(email);
    if (!user) throw new UserNotFound();
    await this.giveRole(user, role);
    return Object.assign(user, { updatedAt: new Date() });
  }

  /**
   * @throws {UserNotFound}
   * @throws {LastAdmin}
   */
  async delete(id: string): Promise<void> {
    const user = await this.users.findOrFail(id);
    await this.requireAnotherAdmin(user);
    for (const hook of this.deletionHooks) await hook(id);
    this.emails.delete(normalizeEmail(user.email));
    this.users.delete(id);
    this.revocations.revoke(id);
    this.audit.record({ action: 'user.deleted', userId: id });
  }

  private async giveRole(user: User, role: Role): Promise<void> {
    if (role === user.role) return;
    await this.requireAnotherAdmin(user);
    this.audit.record({
      action: 'user.role_changed',
      userId: user.id,
      details: { from: user.role, to: role },
    });
    user.role = role;
    this.revocations.revoke(user.id, role);
  }

  /** Two admins who demote each other at once do so one after the other: each has read the one whom the other changes. */
  private async requireAnotherAdmin({ role }: User): Promise<void> {
    if (role !== 'admin') return;
    const admins = await this.users.query().where('role', '==', 'admin').limit(2).find();
    if (admins.length < 2) throw new LastAdmin();
  }

  private async changeEmail(user: User, email: string, caller: Caller): Promise<void> {
    const previous = user.email;
    user.email = email;
    if (normalizeEmail(email) === normalizeEmail(previous)) return;
    user.emailVerified = false;
    this.emails.delete(normalizeEmail(previous));
    this.claimEmail(user);
    this.audit.record({ action: 'email.changed', userId: user.id });
    for (const hook of this.emailChangeHooks) await hook(user, previous, caller);
  }

  /** Keeps e-mails unique, however many ask for the same one at once: of those who create the document one can commit. */
  private claimEmail({ id, email }: Pick<User, 'id' | 'email'>): void {
    this.emails.create({ email: normalizeEmail(email), userId: id });
  }
}
