import { Injectable } from '@nestjs/common';
import type { Caller } from '../../core/auth/caller.js';
import { hasPermission } from '../../core/auth/roles.js';
import { Forbidden } from '../../core/errors/errors.js';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import type { Page } from '../../core/pagination/page.js';
import { Pages } from '../../core/pagination/pages.js';
import { Email, type Person, User } from './user.document.js';
import { normalize, searchTerm } from './user-search.js';
import type { UpdateUserBody, UserQuery } from './users.dto.js';

export type { User } from './user.document.js';

export type NewUser = Person & Pick<User, 'passwordHash' | 'role'>;

const SORT_FIELDS = {
  createdAt: 'createdAt',
  email: 'normalized.email',
  firstName: 'normalized.firstName',
  lastName: 'normalized.lastName',
} as const;

/** The users. What writes wants a writing transaction around it. */
@Injectable()
export class UsersService {
  private readonly deletionHooks: Array<(userId: string) => Promise<void>> = [];

  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    @InjectRepository(Email) private readonly emails: Repository<Email>,
    private readonly pages: Pages,
  ) {}

  /** Has other features clear away what belongs to a user, in the transaction that deletes him. */
  onDelete(hook: (userId: string) => Promise<void>): void {
    this.deletionHooks.push(hook);
  }

  /** @throws {EmailTaken} from the commit */
  create(user: NewUser): User {
    const created = this.users.create(user);
    this.claimEmail(created);
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
    return this.users.query().where('normalized.email', '==', normalize(email)).first();
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
   * @throws {Forbidden} if the caller may not give roles
   * @throws {UserNotFound}
   * @throws {EmailTaken} from the commit
   */
  async update(id: string, changes: UpdateUserBody, caller: Caller): Promise<User> {
    if (changes.role !== undefined && !hasPermission(caller.role, 'users:write')) throw new Forbidden();
    const user = await this.users.findOrFail(id);
    const {
      email = user.email,
      firstName = user.firstName,
      lastName = user.lastName,
      role = user.role,
    } = changes;
    if (normalize(email) !== normalize(user.email)) {
      this.emails.delete(normalize(user.email));
      this.claimEmail({ id, email });
    }
    return Object.assign(user, { email, firstName, lastName, role, updatedAt: new Date() });
  }

  /** @throws {UserNotFound} */
  async delete(id: string): Promise<void> {
    const { email } = await this.users.findOrFail(id);
    for (const hook of this.deletionHooks) await hook(id);
    this.emails.delete(normalize(email));
    this.users.delete(id);
  }

  /** Keeps e-mails unique, however many ask for the same one at once: of those who create the document one can commit. */
  private claimEmail({ id, email }: Pick<User, 'id' | 'email'>): void {
    this.emails.create({ email: normalize(email), userId: id });
  }
}
