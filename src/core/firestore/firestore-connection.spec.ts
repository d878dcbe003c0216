import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Firestore } from 'firebase-admin/firestore'; // loads it now, not in the first test
import { startEmbeddedFirestore } from 'embedded-firestore';
import { loadSettings } from '../../config/load-settings.js';
import { addressOfOtherEngine } from './embedded-engine.js';
import { FirestoreConnection } from './firestore-connection.js';

// Each test starts engines, on machines that may be busy.
jest.setTimeout(20_000);

/** What the client was configured with; its types leave that out. */
function settingsOf(firestore: Firestore): Record<string, unknown> {
  return (firestore as unknown as { _settings: Record<string, unknown> })._settings;
}

describe('FirestoreConnection (D1)', () => {
  const open = async (environment: Record<string, string>) =>
    FirestoreConnection.open(await loadSettings({ NODE_ENV: 'test', ...environment }));

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

  it('embedded: has the directory before anybody reads, and tells others where the engine is', async () => {
    const DATA_DIRECTORY = await mkdtemp(join(tmpdir(), 'firestore-'));
    const first = await open({ DATA_DIRECTORY });
    await expect(open({ DATA_DIRECTORY })).rejects.toThrow(`${DATA_DIRECTORY} is in use by another process`);
    const address = await addressOfOtherEngine(
      await loadSettings({ NODE_ENV: 'test', DATA_DIRECTORY, FIRESTORE_MODE: 'embedded' }),
    );
    await first.firestore.doc('notes/1').set({ text: 'seen by both' });
    const other = await open({ FIRESTORE_MODE: 'emulator', FIRESTORE_EMULATOR_HOST: address });
    expect((await other.firestore.doc('notes/1').get()).data()).toEqual({ text: 'seen by both' });
    await other.close();
    await first.close();
    await (await open({ DATA_DIRECTORY })).close();
    await rm(DATA_DIRECTORY, { recursive: true });
  });

  it('embedded: an engine that could not start is tried again', async () => {
    const DATA_DIRECTORY = await mkdtemp(join(tmpdir(), 'firestore-'));
    const obstacle = await startEmbeddedFirestore({ dataDirectory: join(DATA_DIRECTORY, 'firestore') });
    const connection = await open({ DATA_DIRECTORY });
    await expect(connection.firestore.doc('notes/1').get()).rejects.toThrow('in use by another process');
    await obstacle.close();
    expect((await connection.firestore.doc('notes/1').get()).exists).toBe(false);
    await connection.close();
    await rm(DATA_DIRECTORY, { recursive: true });
  });

  it('embedded: can be closed while the engine starts', async () => {
    const connection = await open({});
    const read = connection.firestore.doc('notes/1').get();
    const refused = expect(read).rejects.toThrow('Firestore is closed');
    await connection.close();
    await refused;
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
    expect(connection.firestore).toBeInstanceOf(Firestore);
    const { projectId, host, ssl } = settingsOf(connection.firestore);
    expect({ projectId, host, ssl }).toEqual({ projectId: 'their-project', host: undefined, ssl: undefined });
    await connection.close();
  });
});
