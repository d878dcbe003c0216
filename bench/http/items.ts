import { Firestore } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../../packages/embedded-firestore/src/index.ts';
import { ITEMS } from './contestants/data.ts';

/** The embedded engine, in a thread of this process, with ten thousand items; contestants find it by the environment. */
export async function startEngine(): Promise<{ close: () => Promise<void> }> {
  const engine = await startEmbeddedFirestore();
  const firestore = new Firestore({
    projectId: 'local',
    host: engine.address,
    ssl: false,
    clientOptions: { universeDomain: 'googleapis.com' },
  });
  for (let from = 0; from < ITEMS; from += 500) {
    const batch = firestore.batch();
    for (let number = from; number < from + 500; number++) {
      const item = { number, title: `Item ${number}`, visits: 0, price: number / 100 };
      batch.set(firestore.doc(`BenchItems/${number}`), item);
    }
    await batch.commit();
  }
  await firestore.terminate();
  process.env.FIRESTORE_EMULATOR_HOST = engine.address;
  return engine;
}
