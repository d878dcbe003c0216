import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsString,
  IsUUID,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { ApiProperty } from '../../core/openapi/api.decorators.js';
import { isoTime } from '../../core/serialization/iso-time.js';
import { IsEmailAddress, PersonBody, UserResponse } from '../users/users.dto.js';
import { IsNewPassword, IsPassword } from './password.dto.js';
import type { Session } from './session.document.js';

export class RegisterBody extends PersonBody {
  @IsNewPassword()
  password: string;
}

export class LoginBody {
  @ApiProperty({ example: 'ada@example.com' })
  @IsEmailAddress()
  email: string;

  @IsPassword()
  password: string;
}

const REFRESH_TOKEN =
  '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f.q5X9Zk0W1b3sVtYcJmR7uN2hLdGfA8eKoPiTzBxC6wEd0Vn3LrQ7mX1bYpKc9TzA';

export class RefreshTokenBody {
  @ApiProperty({ example: REFRESH_TOKEN })
  @IsString()
  @MaxLength(200)
  refreshToken: string;
}

export class TokensResponse {
  @ApiProperty({ example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoidXNlciJ9.c2lnbmF0dXJl' })
  @IsString()
  accessToken: string;

  @ApiProperty({ example: REFRESH_TOKEN, description: 'Good for one refresh, which brings the next one.' })
  @IsString()
  refreshToken: string;

  @ApiProperty({ example: 'Bearer' })
  @IsIn(['Bearer'])
  tokenType: 'Bearer';

  @ApiProperty({ example: 900, description: 'Seconds until the access token expires.' })
  @IsInt()
  expiresIn: number;
}

export class SignedInResponse {
  @ApiProperty()
  @ValidateNested()
  @Type(() => UserResponse)
  user: UserResponse;

  @ApiProperty()
  @ValidateNested()
  @Type(() => TokensResponse)
  tokens: TokensResponse;
}

export class SessionPath {
  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f' })
  @IsUUID()
  id: string;
}

export class SessionResponse {
  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f' })
  @IsUUID()
  id: string;

  @ApiProperty({ example: '2026-01-31T09:30:00.000Z' })
  @IsISO8601()
  createdAt: string;

  @ApiProperty({ example: '2026-01-31T10:15:00.000Z' })
  @IsISO8601()
  lastUsedAt: string;

  @ApiProperty({ example: '2026-03-02T10:15:00.000Z' })
  @IsISO8601()
  expiresAt: string;

  @ApiProperty({
    example: 'Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0',
    description: 'The client at sign-in; empty if it did not say.',
  })
  @IsString()
  userAgent: string;

  @ApiProperty({ example: '203.0.113.7', description: 'IP address at sign-in.' })
  @IsString()
  address: string;

  @ApiProperty({ example: true, description: 'Whether this request came from it.' })
  @IsBoolean()
  current: boolean;
}

export function toSessionResponse(session: Session, currentId: string): SessionResponse {
  const { id, createdAt, lastUsedAt, expiresAt, userAgent, address } = session;
  return {
    id,
    createdAt: isoTime(createdAt),
    lastUsedAt: isoTime(lastUsedAt),
    expiresAt: isoTime(expiresAt),
    userAgent,
    address,
    current: id === currentId,
  };
}
