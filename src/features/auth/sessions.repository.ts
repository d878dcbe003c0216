import { Injectable } from '@nestjs/common';
import { type DocumentSnapshot, type Query, Timestamp } from 'firebase-admin/firestore';
import { Database } from '../../core/firestore/database.js';
import type { Session, SessionDocument } from './session.document.js';

@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<Session | undefined> {
    const snapshot = await this.database.get(this.sessions.doc(id));
    return snapshot.exists ? toSession(snapshot) : undefined;
  }

  findAllOf(userId: string): Promise<Session[]> {
    return this.findAll(this.sessions.where('userId', '==', userId));
  }

  /** Those that have not expired, the last used first. */
  findLiveOf(userId: string): Promise<Session[]> {
    const live = this.sessions.where('userId', '==', userId).where('expiresAt', '>', Timestamp.now());
    return this.findAll(live.orderBy('expiresAt', 'desc'));
  }

  create({ id, ...document }: Session): void {
    this.database.create(this.sessions.doc(id), document);
  }

  update(id: string, changes: Partial<SessionDocument>): void {
    this.database.update(this.sessions.doc(id), changes);
  }

  delete(id: string): void {
    this.database.delete(this.sessions.doc(id));
  }

  private async findAll(query: Query<SessionDocument>): Promise<Session[]> {
    const { docs } = await this.database.find(query);
    return docs.map(toSession);
  }

  private get sessions() {
    return this.database.collection<SessionDocument>('sessions');
  }
}

function toSession(snapshot: DocumentSnapshot<SessionDocument>): Session {
  return { id: snapshot.id, ...snapshot.data()! };
}
