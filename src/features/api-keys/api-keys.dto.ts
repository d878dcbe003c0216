import {
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { type Permission, PERMISSION_NAMES } from '../../core/auth/roles.js';
import { ApiProperty } from '../../core/openapi/api.decorators.js';
import { isoTime } from '../../core/serialization/iso-time.js';
import type { ApiKey } from './api-key.document.js';

const ID = '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f';
const PREFIX = 'ak_01980f2a3c1b7d2e9f405a6b7c8d9e0f';

export class ApiKeyBody {
  @ApiProperty({ example: 'Nightly report', description: 'What it is for.' })
  @IsString()
  @Length(1, 60)
  @Matches(/^[^\p{Cc}\p{Cs}]*$/u, { message: 'name must not contain control characters' })
  name: string;

  @ApiProperty({
    example: ['users:read'],
    description:
      'What it may do, of what you may: reading and changing yourself, and what your role permits.',
  })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(PERMISSION_NAMES, { each: true })
  scopes: Permission[];

  @ApiProperty({ example: 90 })
  @IsInt()
  @Min(1)
  @Max(365)
  expiresInDays: number = 90;
}

export class ApiKeyPath {
  @ApiProperty({ example: ID })
  @IsUUID()
  id: string;
}

export class ApiKeyResponse {
  @ApiProperty({ example: ID })
  @IsUUID()
  id: string;

  @ApiProperty({ example: 'Nightly report' })
  @IsString()
  name: string;

  @ApiProperty({ example: PREFIX, description: 'How the key begins: it is known by this.' })
  @IsString()
  prefix: string;

  @ApiProperty({ example: ['users:read'] })
  @IsArray()
  @IsString({ each: true })
  scopes: string[];

  @ApiProperty({ example: '2026-01-31T09:30:00.000Z' })
  @IsISO8601()
  createdAt: string;

  @ApiProperty({ example: '2026-05-01T09:30:00.000Z' })
  @IsISO8601()
  expiresAt: string;

  @ApiProperty({
    example: '2026-02-01T02:00:00.000Z',
    description: 'To about an hour; absent if it never was.',
  })
  @IsOptional()
  @IsISO8601()
  lastUsedAt?: string;
}

export class NewApiKeyResponse extends ApiKeyResponse {
  @ApiProperty({
    example: `${PREFIX}_q5X9Zk0W1b3sVtYcJmR7uN2hLdGfA8eKoPiTzBxC6wEd0Vn3LrQ7mX1bYpKc9TzA`,
    description: 'Shown this once.',
  })
  @IsString()
  key: string;
}

export function toApiKeyResponse(apiKey: ApiKey): ApiKeyResponse {
  const { id, name, scopes, createdAt, expiresAt, lastUsedAt } = apiKey;
  return {
    id,
    name,
    prefix: prefixOf(id),
    scopes: [...scopes],
    createdAt: isoTime(createdAt),
    expiresAt: isoTime(expiresAt),
    ...(lastUsedAt && { lastUsedAt: isoTime(lastUsedAt) }),
  };
}

/** Says what it is, for those who find one, and for the scanners that look for such things in public places. */
export const prefixOf = (id: string): string => `ak_${id.replaceAll('-', '')}`;
