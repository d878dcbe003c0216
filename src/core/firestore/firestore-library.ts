import { createRequire } from 'node:module';

type Library = typeof import('firebase-admin/firestore');

const require = createRequire(import.meta.url);
let loaded: Library | undefined;

/**
 * firebase-admin's Firestore, loaded by the first who needs it: with Google's gRPC it is more code than all the rest of
 * the service, and a process that only answers probes does without. Import types from the package itself.
 */
export function firestoreLibrary(): Library {
  return (loaded ??= require('firebase-admin/firestore') as Library);
}
