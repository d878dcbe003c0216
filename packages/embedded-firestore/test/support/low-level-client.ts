import firestoreApi from '@google-cloud/firestore-api';
import { credentials } from '@grpc/grpc-js';
import type { EmbeddedFirestore } from '../../src/index.ts';

export type LowLevelClient = InstanceType<typeof firestoreApi.v1.FirestoreClient>;

/** Google's client of the RPCs as they are, upon which the one that everybody uses stands. */
export function lowLevelClient({ host, port }: EmbeddedFirestore): LowLevelClient {
  return new firestoreApi.v1.FirestoreClient({
    servicePath: host,
    port,
    sslCreds: credentials.createInsecure(),
  });
}
