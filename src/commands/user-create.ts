import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { IsIn } from 'class-validator';
import { PickType } from '../core/validation/mapped-types.js';
import { type Role, ROLES } from '../core/auth/roles.js';
import { parseDto } from '../core/validation/dto.js';
import { RegisterBody } from '../features/auth/auth.dto.js';
import { AuthService } from '../features/auth/auth.service.js';
import { PersonBody } from '../features/users/users.dto.js';
import { openService } from './open-service.js';
import { runCommand } from './run-command.js';

const USAGE = `Makes a user, also with a role that nobody gets by registering: the first admin, for one.

npm run user:create -- --email ada@example.com --first-name Ada --last-name Lovelace [--role ${ROLES.join('|')}]

The role is "user" unless you name one. The password is asked for, or read from standard input when that is no terminal.
The service may be running.`;

class Account extends PersonBody {
  @IsIn(ROLES)
  role: Role = 'user';
}

class Secret extends PickType(RegisterBody, ['password']) {}

async function main(): Promise<void> {
  const { help, 'first-name': firstName, 'last-name': lastName, ...rest } = readArguments();
  if (help) return console.log(USAGE);
  const { role, ...person } = await parseDto(Account, { ...rest, firstName, lastName }, 'json');
  const { password } = await parseDto(Secret, { password: await readPassword() }, 'json');
  const service = await openService();
  try {
    const user = await service.get(AuthService).createUser({ ...person, password }, role);
    console.log(`Created the ${user.role} ${user.email} with the id ${user.id}.`);
  } finally {
    await service.close();
  }
}

function readArguments() {
  const text = { type: 'string' } as const;
  const options = {
    email: text,
    'first-name': text,
    'last-name': text,
    role: text,
    help: { type: 'boolean' },
  } as const;
  return parseArgs({ options }).values;
}

/** Never an argument: those stay in the shell's history, and every user of the machine can read them. */
async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '');
  const password = await ask('Password: ');
  if ((await ask('The same again: ')) !== password) throw new Error('The two passwords differ.');
  return password;
}

/** Asks without an echo. */
async function ask(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  terminal.once('SIGINT', () => process.exit(130));
  process.stdout.write(question);
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stdout.write('\n');
  }
}

await runCommand('user:create', main);
