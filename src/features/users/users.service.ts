import { randomUUIDv7 } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Timestamp } from 'firebase-admin/firestore';
import type { Caller } from '../../core/auth/caller.js';
import { hasPermission } from '../../core/auth/roles.js';
import { Forbidden } from '../../core/errors/errors.js';
import type { Page } from '../../core/pagination/page.js';
import { EmailsRepository } from './emails.repository.js';
import { derivedFields, type Person, type User } from './user.document.js';
import { normalize } from './user-search.js';
import type { UpdateUserBody, UserQuery } from './users.dto.js';
import { UserNotFound } from './users.errors.js';
import { UsersRepository } from './users.repository.js';

export type { User } from './user.document.js';

export type NewUser = Person & Pick<User, 'passwordHash' | 'role'>;

/** The users. What writes wants a writing transaction around it. */
@Injectable()
export class UsersService {
  private readonly deletionHooks: Array<(userId: string) => Promise<void>> = [];

  constructor(
    private readonly users: UsersRepository,
    private readonly emails: EmailsRepository,
  ) {}

  /** Has other features clear away what belongs to a user, in the transaction that deletes him. */
  onDelete(hook: (userId: string) => Promise<void>): void {
    this.deletionHooks.push(hook);
  }

  /** @throws {EmailTaken} */
  async create({ email, firstName, lastName, passwordHash, role }: NewUser): Promise<User> {
    const id = randomUUIDv7();
    const person = { email, firstName, lastName };
    const now = Timestamp.now();
    const user = {
      id,
      ...person,
      ...derivedFields(person),
      passwordHash,
      role,
      createdAt: now,
      updatedAt: now,
    };
    await this.emails.claim(email, id);
    this.users.create(user);
    return user;
  }

  find(id: string): Promise<User | undefined> {
    return this.users.find(id);
  }

  /** @throws {UserNotFound} */
  async findOrFail(id: string): Promise<User> {
    const user = await this.users.find(id);
    if (!user) throw new UserNotFound();
    return user;
  }

  findByEmail(email: string): Promise<User | undefined> {
    return this.users.findByEmail(email);
  }

  list(query: UserQuery): Promise<Page<User>> {
    return this.users.list(query);
  }

  /**
   * @throws {Forbidden} if the caller may not give roles
   * @throws {UserNotFound}
   * @throws {EmailTaken}
   */
  async update(id: string, changes: UpdateUserBody, caller: Caller): Promise<User> {
    if (changes.role !== undefined && !hasPermission(caller.role, 'users:write')) throw new Forbidden();
    const user = await this.findOrFail(id);
    const {
      email = user.email,
      firstName = user.firstName,
      lastName = user.lastName,
      role = user.role,
    } = changes;
    if (normalize(email) !== user.normalized.email) {
      await this.emails.claim(email, id);
      this.emails.release(user.email);
    }
    const person = { email, firstName, lastName };
    const changed = { ...person, ...derivedFields(person), role, updatedAt: Timestamp.now() };
    this.users.update(id, changed);
    return { ...user, ...changed };
  }

  /** @throws {UserNotFound} */
  async delete(id: string): Promise<void> {
    const { email } = await this.findOrFail(id);
    for (const hook of this.deletionHooks) await hook(id);
    this.emails.release(email);
    this.users.delete(id);
  }
}
