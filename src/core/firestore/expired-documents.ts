import { readFile } from 'node:fs/promises';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { INDEX_FILE } from './embedded-engine.js';
import { FirestoreConnection } from './firestore-connection.js';

interface FieldOverride {
  collectionGroup: string;
  fieldPath: string;
  ttl?: boolean;
}

const EVERY_MILLISECONDS = 10 * 60_000;
const AT_ONCE = 300;

/**
 * Deletes what has expired, as the TTL policies of `firestore.indexes.json` have Google's Firestore do it; neither the
 * embedded engine nor the emulator does.
 */
@Injectable()
export class ExpiredDocuments implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ExpiredDocuments.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly connection: FirestoreConnection,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.FIRESTORE_MODE === 'cloud') return;
    this.timer = setInterval(() => this.look(), EVERY_MILLISECONDS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** @returns how many it has deleted */
  async clear(): Promise<number> {
    const { fieldOverrides } = JSON.parse(await readFile(INDEX_FILE, 'utf8')) as {
      fieldOverrides: FieldOverride[];
    };
    let cleared = 0;
    for (const each of fieldOverrides.filter(({ ttl }) => ttl)) cleared += await this.clearOne(each);
    return cleared;
  }

  /** Firestore is not loaded for this alone. */
  private look(): void {
    if (!this.connection.isOpen) return;
    this.running = this.clear().catch((error: unknown) =>
      this.logger.error('Expired documents stay for now.', error),
    );
  }

  private async clearOne({ collectionGroup, fieldPath }: FieldOverride): Promise<number> {
    const collection = this.connection.firestore.collection(collectionGroup);
    const { docs } = await collection.where(fieldPath, '<', new Date()).limit(AT_ONCE).get();
    // Only as it was read: a session may have been used meanwhile.
    const deletions = docs.map(({ ref, updateTime }) => ref.delete({ lastUpdateTime: updateTime }));
    const deleted = (await Promise.allSettled(deletions)).filter(({ status }) => status === 'fulfilled');
    if (docs.length < AT_ONCE || deleted.length === 0) return deleted.length;
    return deleted.length + (await this.clearOne({ collectionGroup, fieldPath }));
  }
}
