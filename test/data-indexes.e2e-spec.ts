import { setupLab } from './support/data-lab.js';

/** An emulator has rules of its own. */
const embedded = process.env.FIRESTORE_EMULATOR_HOST ? describe.skip : describe;

embedded('composite indexes (D10)', () => {
  it('are demanded of a query as in production, with the definition to add', async () => {
    const lab = await setupLab('strict');
    const { error } = await lab.read(({ profiles }) =>
      profiles.query().where('nickname', '==', 'a').orderBy('visits').find(),
    );
    await lab.close();
    expect(error).toMatchObject({ code: 9 }); // FAILED_PRECONDITION
    expect(error!.message).toContain('firestore.indexes.json');
    expect(error!.message).toContain('"collectionGroup":"profiles"');
    expect(error!.message).toContain('"fieldPath":"visits"');
  });
});
