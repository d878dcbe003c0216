import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDate,
  IsEmail,
  IsInt,
  IsString,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { Type } from 'class-transformer';
import { loadSettings } from '../../../src/config/load-settings.js';
import { type Default, Document, Key } from '../../../src/core/firestore/document/document.decorators.js';
import { FirestoreConnection } from '../../../src/core/firestore/firestore-connection.js';
import { Repository } from '../../../src/core/firestore/repository.js';
import { Transactions } from '../../../src/core/firestore/transactions.js';

class Address {
  @IsString()
  street: string;

  @IsString()
  city: string;
}

/** Of the size of a user. */
@Document({ collection: 'people' })
class Person {
  @Key()
  id: string;

  @IsEmail()
  email: string;

  @IsString()
  @MaxLength(60)
  firstName: string;

  @IsString()
  @MaxLength(60)
  lastName: string;

  @IsInt()
  @Min(0)
  visits: Default<number> = 0;

  @IsBoolean()
  isActive: Default<boolean> = true;

  @IsDate()
  createdAt: Default<Date> = new Date();

  @IsDate()
  updatedAt: Default<Date> = new Date();

  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  tags: Default<string[]> = [];

  @ValidateNested()
  @Type(() => Address)
  address: Address;
}

/** One document read, changed and written in a transaction, with and without a repository. */
export async function contestants(address: string) {
  const environment = { NODE_ENV: 'test', FIRESTORE_MODE: 'emulator', FIRESTORE_EMULATOR_HOST: address };
  const connection = await FirestoreConnection.open(await loadSettings(environment));
  const { firestore } = connection;
  const transactions = new Transactions(connection);
  const people = new Repository(Person, connection, transactions);
  return {
    store: (id: string) =>
      transactions.run({ readOnly: false }, async () =>
        people.create({
          id,
          email: 'ada@example.com',
          firstName: 'Ada',
          lastName: 'Lovelace',
          tags: Array.from({ length: 20 }, (_, index) => `tag-${index}`),
          address: { street: 'Main Street 1', city: 'London' },
        }),
      ),
    client: (id: string) =>
      firestore.runTransaction(
        async (transaction) => {
          const reference = firestore.collection('people').doc(id);
          const person = (await transaction.get(reference)).data()!;
          transaction.update(reference, { visits: (person.visits as number) + 1, updatedAt: new Date() });
        },
        { maxAttempts: 1 },
      ),
    repository: (id: string) =>
      transactions.run({ readOnly: false }, async () => {
        const person = await people.findOrFail(id);
        person.visits++;
        person.updatedAt = new Date();
      }),
    close: () => connection.close(),
  };
}
