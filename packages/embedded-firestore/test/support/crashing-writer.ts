// Run as a process of its own, to be killed: writes without end, and tells each commit that was acknowledged.
import { writeSync } from 'node:fs';
import { Firestore } from '@google-cloud/firestore';
import { startEmbeddedFirestore } from '../../src/index.ts';

const [directory, round] = process.argv.slice(2) as [string, string];
const server = await startEmbeddedFirestore({ dataDirectory: directory });
const db = new Firestore({ projectId: 'durable', host: server.address, ssl: false });

async function write(writer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const value = Number(round) * 100_000 + n;
    const pair = `${writer}-${value}`;
    const batch = db.batch().set(db.doc(`a/${writer}`), { n: value });
    await batch
      .set(db.doc(`left/${pair}`), {})
      .set(db.doc(`right/${pair}`), {})
      .commit();
    writeSync(1, `${writer} ${value}\n`);
  }
}

await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write));
