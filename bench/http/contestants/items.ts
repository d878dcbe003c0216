import { Firestore } from '@google-cloud/firestore';
import { type Item, PAGE } from './data.js';

/** What people write around the client: a class with a method for each thing that is asked of it. */
export class Items {
  private readonly firestore = new Firestore({
    projectId: 'local',
    host: process.env.FIRESTORE_EMULATOR_HOST,
    ssl: false,
    clientOptions: { universeDomain: 'googleapis.com' },
  });
  private readonly items = this.firestore.collection('BenchItems');

  async find(id: string): Promise<Item | undefined> {
    const snapshot = await this.items.doc(id).get();
    return snapshot.exists ? itemOf(id, snapshot.data()!) : undefined;
  }

  visit(id: string): Promise<Item | undefined> {
    return this.firestore.runTransaction(async (transaction) => {
      const snapshot = await transaction.get(this.items.doc(id));
      if (!snapshot.exists) return undefined;
      const item = itemOf(id, snapshot.data()!);
      item.visits += 1;
      transaction.update(snapshot.ref, { visits: item.visits });
      return item;
    });
  }

  async page(after: number): Promise<Item[]> {
    const { docs } = await this.items.orderBy('number').startAfter(after).limit(PAGE).get();
    return docs.map((snapshot) => itemOf(snapshot.id, snapshot.data()));
  }
}

/** In the order in which everybody answers. */
function itemOf(id: string, data: FirebaseFirestore.DocumentData): Item {
  const { number, title, visits, price } = data as Omit<Item, 'id'>;
  return { id, number, title, visits, price };
}
