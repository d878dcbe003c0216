import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Firestore } from 'firebase-admin/firestore';
import type { Settings } from '../../config/settings.js';

/** An open client and what has to be closed with it. */
export interface FirestoreConnection {
  firestore: Firestore;
  close: () => Promise<void>;
}

const LOCAL_PROJECT = 'local';

/** Written by `npm run firestore:indexes`. Resolved from here, for the service may be started from anywhere. */
const INDEX_FILE = join(import.meta.dirname, '../../../firestore.indexes.json');

/** Opens Firestore in the mode that `FIRESTORE_MODE` names. The client is firebase-admin's own in each. */
export async function openFirestore(settings: Settings): Promise<FirestoreConnection> {
  switch (settings.FIRESTORE_MODE) {
    case 'embedded':
      return openEmbedded(settings);
    case 'emulator':
      return connect(settings, settings.FIRESTORE_EMULATOR_HOST);
    case 'cloud':
      return connect(settings);
  }
}

/** Where the engine of the process that has the data directory can be reached, by the commands. */
export function engineAddressFile(settings: Settings): string {
  return join(settings.DATA_DIRECTORY, 'firestore-address');
}

/** The engine of `packages/embedded-firestore`, in a thread of its own, reached over loopback. */
async function openEmbedded(settings: Settings): Promise<FirestoreConnection> {
  const { startEmbeddedFirestore } = await import('embedded-firestore');
  const dataDirectory = settings.isInMemory ? undefined : join(settings.DATA_DIRECTORY, 'firestore');
  const engine = await startEmbeddedFirestore({
    dataDirectory,
    indexes: settings.FIRESTORE_INDEXES,
    indexFile: INDEX_FILE,
  });
  if (dataDirectory) await writeFile(engineAddressFile(settings), engine.address);
  const { firestore, close } = connect(settings, engine.address);
  return {
    firestore,
    close: async () => {
      await close();
      await engine.close();
    },
  };
}

/** @param address `host:port` without TLS; absent for Google's own, with application-default credentials */
function connect(settings: Settings, address?: string): FirestoreConnection {
  const firestore = address
    ? new Firestore({
        projectId: settings.GOOGLE_CLOUD_PROJECT ?? LOCAL_PROJECT,
        host: address,
        ssl: false,
        // Else the client asks Google's metadata server, at the first call, for credentials that nobody needs here.
        clientOptions: { universeDomain: 'googleapis.com' },
      })
    : new Firestore({ projectId: settings.GOOGLE_CLOUD_PROJECT });
  return { firestore, close: () => firestore.terminate() };
}
