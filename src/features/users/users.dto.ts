import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsISO8601,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  MaxLength,
} from 'class-validator';
import { ApiProperty } from '../../core/openapi/api.decorators.js';
import { PartialType } from '../../core/validation/mapped-types.js';
import { type Role, ROLES } from '../../core/auth/roles.js';
import { PageQuery } from '../../core/pagination/page-query.dto.js';
import { isoTime } from '../../core/serialization/iso-time.js';
import type { User } from './user.document.js';

const Trim = () => Transform(({ value }) => (typeof value === 'string' ? value.trim() : (value as unknown)));

/** What people write ends up in mails and logs, so no line breaks; half a surrogate pair could not be stored. */
const HasNoControls = () =>
  Matches(/^[^\p{Cc}\p{Cs}]*$/u, { message: '$property must not contain control characters' });

/** `"a\r\nb"@example.com` is an e-mail address, too; not here. */
export const IsEmailAddress = () => applyDecorators(Trim(), IsEmail(), MaxLength(254), HasNoControls());

const IsPersonName = () => applyDecorators(Trim(), IsString(), Length(1, 60), HasNoControls());

/** What a person says of himself. */
export class PersonBody {
  @ApiProperty({ example: 'ada@example.com' })
  @IsEmailAddress()
  email: string;

  @ApiProperty({ example: 'Ada' })
  @IsPersonName()
  firstName: string;

  @ApiProperty({ example: 'Lovelace' })
  @IsPersonName()
  lastName: string;
}

class UserBody extends PersonBody {
  @ApiProperty({ example: 'moderator', description: 'Only an admin may send it.' })
  @IsIn(ROLES)
  role: Role;
}

/** The fields to change. One that is sent may not be null: no user is without it. */
export class UpdateUserBody extends PartialType(UserBody, { skipNullProperties: false }) {}

export class UserPath {
  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f' })
  @IsUUID()
  id: string;
}

const SORTS = ['createdAt', 'email', 'firstName', 'lastName'] as const;
export type UserSort = (typeof SORTS)[number];

export class UserQuery extends PageQuery {
  @ApiProperty({
    example: 'ada lov',
    description: 'The beginning of any word of name or e-mail; upper and lower case are the same.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(100)
  search?: string;

  @ApiProperty({ example: 'user' })
  @IsOptional()
  @IsIn(ROLES)
  role?: Role;

  @ApiProperty({ example: 'lastName', description: 'Names and e-mails sort alike in upper and lower case.' })
  @IsIn(SORTS)
  sort: UserSort = 'createdAt';
}

export class UserResponse {
  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f' })
  @IsUUID()
  id: string;

  @ApiProperty({ example: 'ada@example.com' })
  @IsEmail()
  email: string;

  @ApiProperty({ example: 'Ada' })
  @IsString()
  firstName: string;

  @ApiProperty({ example: 'Lovelace' })
  @IsString()
  lastName: string;

  @ApiProperty({ example: 'user' })
  @IsIn(ROLES)
  role: Role;

  @ApiProperty({ example: true, description: 'Whether he has shown that the address is his.' })
  @IsBoolean()
  emailVerified: boolean;

  @ApiProperty({ example: '2026-01-31T09:30:00.000Z' })
  @IsISO8601()
  createdAt: string;

  @ApiProperty({ example: '2026-01-31T09:30:00.000Z' })
  @IsISO8601()
  updatedAt: string;
}

/** What others may see of a user: named field by field, so that nothing new leaks by itself. */
export function toUserResponse({
  id,
  email,
  firstName,
  lastName,
  role,
  emailVerified,
  createdAt,
  updatedAt,
}: User): UserResponse {
  return {
    id,
    email,
    firstName,
    lastName,
    role,
    emailVerified,
    createdAt: isoTime(createdAt),
    updatedAt: isoTime(updatedAt),
  };
}
