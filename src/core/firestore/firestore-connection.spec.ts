import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Firestore } from 'firebase-admin/firestore';
import { startEmbeddedFirestore } from 'embedded-firestore';
import { loadSettings } from '../../config/load-settings.js';
import { openFirestore } from './firestore-connection.js';

/** What the client was configured with; its types leave that out. */
function settingsOf(firestore: Firestore): Record<string, unknown> {
  return (firestore as unknown as { _settings: Record<string, unknown> })._settings;
}

describe('openFirestore (D1)', () => {
  const open = async (environment: Record<string, string>) =>
    openFirestore(await loadSettings({ NODE_ENV: 'test', ...environment }));

  it('embedded: keeps the data in its directory', async () => {
    const DATA_DIRECTORY = await mkdtemp(join(tmpdir(), 'firestore-'));
    try {
      const first = await open({ DATA_DIRECTORY });
      await first.firestore.doc('notes/1').set({ text: 'kept' });
      await first.close();
      const second = await open({ DATA_DIRECTORY });
      expect((await second.firestore.doc('notes/1').get()).data()).toEqual({ text: 'kept' });
      await second.close();
    } finally {
      await rm(DATA_DIRECTORY, { recursive: true });
    }
  });

  it('embedded: two in one process do not see each other', async () => {
    const [one, other] = await Promise.all([open({}), open({})]);
    await one.firestore.doc('notes/1').set({ text: 'mine' });
    expect((await other.firestore.doc('notes/1').get()).exists).toBe(false);
    await Promise.all([one.close(), other.close()]);
  });

  it('emulator: talks to the address, as the given project', async () => {
    const emulator = await startEmbeddedFirestore();
    const connection = await open({
      FIRESTORE_EMULATOR_HOST: emulator.address,
      GOOGLE_CLOUD_PROJECT: 'their-project',
    });
    await connection.firestore.doc('notes/1').set({ text: 'there' });
    expect((await connection.firestore.doc('notes/1').get()).exists).toBe(true);
    expect(settingsOf(connection.firestore)).toMatchObject({ projectId: 'their-project' });
    await connection.close();
    await emulator.close();
  });

  it("cloud: is Google's client as it comes, with TLS and application-default credentials", async () => {
    const connection = await open({ FIRESTORE_MODE: 'cloud', GOOGLE_CLOUD_PROJECT: 'their-project' });
    const { projectId, host, ssl } = settingsOf(connection.firestore);
    expect({ projectId, host, ssl }).toEqual({ projectId: 'their-project', host: undefined, ssl: undefined });
    await connection.close();
  });
});
