import { parseArgs } from 'node:util';
import { IsIn } from 'class-validator';
import { type Role, ROLES } from '../core/auth/roles.js';
import { Transactions } from '../core/firestore/transactions.js';
import { PickType } from '../core/validation/mapped-types.js';
import { parseDto } from '../core/validation/dto.js';
import { PersonBody } from '../features/users/users.dto.js';
import { UsersService } from '../features/users/users.service.js';
import { openService } from './open-service.js';
import { runCommand } from './run-command.js';

const USAGE = `Gives a user another role. The last admin keeps it.

npm run user:promote -- --email ada@example.com --role ${ROLES.join('|')}

The service may be running.`;

class Promotion extends PickType(PersonBody, ['email']) {
  @IsIn(ROLES)
  role: Role;
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { help, ...given } = parseArgs({
    options: { email: text, role: text, help: { type: 'boolean' } },
  }).values;
  if (help) return console.log(USAGE);
  const { email, role } = await parseDto(Promotion, given, 'json');
  const service = await openService();
  try {
    const user = await service
      .get(Transactions)
      .run({ readOnly: false }, () => service.get(UsersService).promote(email, role));
    console.log(`${user.email} is ${user.role} now.`);
  } finally {
    await service.close();
  }
}

await runCommand('user:promote', main);
