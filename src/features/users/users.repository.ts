import { Injectable } from '@nestjs/common';
import { type DocumentSnapshot, FieldPath, type Query, Timestamp } from 'firebase-admin/firestore';
import { Database } from '../../core/firestore/database.js';
import { Cursors } from '../../core/pagination/cursor.js';
import { Page } from '../../core/pagination/page.js';
import type { User, UserDocument } from './user.document.js';
import { normalize, searchTerm } from './user-search.js';
import type { UserQuery, UserSort } from './users.dto.js';

const SORT_FIELDS: Record<UserSort, string> = {
  createdAt: 'createdAt',
  email: 'normalized.email',
  firstName: 'normalized.firstName',
  lastName: 'normalized.lastName',
};

@Injectable()
export class UsersRepository {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
  ) {}

  async find(id: string): Promise<User | undefined> {
    const snapshot = await this.database.get(this.users.doc(id));
    return snapshot.exists ? toUser(snapshot) : undefined;
  }

  async findByEmail(email: string): Promise<User | undefined> {
    const query = this.users.where(SORT_FIELDS.email, '==', normalize(email)).limit(1);
    const { docs } = await this.database.find(query);
    return docs.map(toUser)[0];
  }

  create({ id, ...document }: User): void {
    this.database.create(this.users.doc(id), document);
  }

  update(id: string, changes: Partial<UserDocument>): void {
    this.database.update(this.users.doc(id), changes);
  }

  delete(id: string): void {
    this.database.delete(this.users.doc(id));
  }

  /** The composite indexes of these queries are in `firestore.indexes.json`. */
  list(query: UserQuery): Promise<Page<User>> {
    const { search = '', role, sort, order } = query;
    const term = searchTerm(search);
    let matching: Query<UserDocument> = this.users;
    if (role) matching = matching.where('role', '==', role);
    if (term) matching = matching.where('searchPrefixes', 'array-contains', term);
    const ordered = matching.orderBy(SORT_FIELDS[sort], order).orderBy(FieldPath.documentId(), order);
    if (query.cursor === undefined) return this.pageByOffset(matching, ordered, query);
    return this.pageByCursor(ordered, query, { list: 'users', role, term, sort, order });
  }

  private async pageByOffset(
    matching: Query<UserDocument>,
    ordered: Query<UserDocument>,
    { page, limit }: UserQuery,
  ): Promise<Page<User>> {
    const [{ docs }, total] = await Promise.all([
      this.database.find(ordered.offset((page - 1) * limit).limit(limit)),
      this.database.count(matching),
    ]);
    return Page.byOffset(docs.map(toUser), { page, limit, total });
  }

  /** @param scope what a cursor is bound to */
  private async pageByCursor(
    ordered: Query<UserDocument>,
    { cursor, limit, sort }: UserQuery,
    scope: object,
  ): Promise<Page<User>> {
    const rest = cursor ? ordered.startAfter(...this.cursors.decode(cursor, scope).map(fromJson)) : ordered;
    const { docs } = await this.database.find(rest.limit(limit + 1)); // one more tells whether there is a next page
    const users = docs.slice(0, limit).map(toUser);
    const last = docs.length > limit ? users.at(-1) : undefined;
    const nextCursor = last ? this.cursors.encode(positionOf(last, sort).map(toJson), scope) : null;
    return Page.byCursor(users, { limit, nextCursor });
  }

  private get users() {
    return this.database.collection<UserDocument>('users');
  }
}

function toUser(snapshot: DocumentSnapshot<UserDocument>): User {
  return { id: snapshot.id, ...snapshot.data()! };
}

/** The values that the list is ordered by. */
function positionOf(user: User, sort: UserSort): [Timestamp | string, string] {
  return [sort === 'createdAt' ? user.createdAt : user.normalized[sort], user.id];
}

/** A date would lose the microseconds that Firestore keeps, and with them its place in the order. */
function toJson(value: Timestamp | string): [number, number] | string {
  return value instanceof Timestamp ? [value.seconds, value.nanoseconds] : value;
}

function fromJson(value: unknown): unknown {
  return Array.isArray(value) ? new Timestamp(value[0] as number, value[1] as number) : value;
}
