import type { Firestore } from 'firebase-admin/firestore';
import type { Settings } from '../../config/settings.js';
import { EmbeddedEngine } from './embedded-engine.js';
import { firestoreLibrary } from './firestore-library.js';

const LOCAL_PROJECT = 'local';

/** The Firestore client, in the mode that `FIRESTORE_MODE` names. It is firebase-admin's own in each. */
export class FirestoreConnection {
  private client: Firestore | undefined;

  private constructor(
    private readonly settings: Settings,
    private readonly engine?: EmbeddedEngine,
  ) {}

  /**
   * Library and engine wait for the first use, so that a start is quick and a service at rest small.
   * @throws {StartFailure} if the data of the embedded engine cannot be this process's
   */
  static async open(settings: Settings): Promise<FirestoreConnection> {
    const isEmbedded = settings.FIRESTORE_MODE === 'embedded';
    return new FirestoreConnection(settings, isEmbedded ? await EmbeddedEngine.reserve(settings) : undefined);
  }

  /** Whether anybody has used it yet. */
  get isOpen(): boolean {
    return this.client !== undefined;
  }

  get firestore(): Firestore {
    return (this.client ??= this.createClient());
  }

  async close(): Promise<void> {
    this.engine?.beginToClose(); // first: a request that meets a terminated client would wait for ever
    await this.client?.terminate();
    await this.engine?.close();
  }

  private createClient(): Firestore {
    const { FIRESTORE_MODE, FIRESTORE_EMULATOR_HOST, GOOGLE_CLOUD_PROJECT: projectId } = this.settings;
    switch (FIRESTORE_MODE) {
      case 'embedded':
        return connectLater(localClient('127.0.0.1', projectId), this.engine!);
      case 'emulator':
        return localClient(FIRESTORE_EMULATOR_HOST!, projectId);
      case 'cloud':
        return new (firestoreLibrary().Firestore)({ projectId });
    }
  }
}

/** @param host `host:port` without TLS */
function localClient(host: string, projectId = LOCAL_PROJECT): Firestore {
  return new (firestoreLibrary().Firestore)({
    projectId,
    host,
    ssl: false,
    // Else the client asks Google's metadata server, at the first call, for credentials that nobody needs here.
    clientOptions: { universeDomain: 'googleapis.com' },
  });
}

/** What every request of the client begins with, and what its connection reads then (@google-cloud/firestore 9.4.1). */
interface ClientInternals {
  initializeIfNeeded?: (requestTag: string) => Promise<void>;
  _settings: { port: number };
}

/** Has the client's first requests start the engine, for only then is its port known. */
function connectLater(client: Firestore, engine: EmbeddedEngine): Firestore {
  const internals = client as unknown as ClientInternals;
  const initialize = internals.initializeIfNeeded!.bind(client);
  internals.initializeIfNeeded = async (requestTag) => {
    internals._settings.port = Number(new URL(`http://${await engine.address()}`).port);
    delete internals.initializeIfNeeded; // from now on it is the client's own again
    await initialize(requestTag);
  };
  return client;
}
