import { Type } from 'class-transformer';
import { IsNumber, IsString, IsUUID, Length, Matches, ValidateNested } from 'class-validator';
import { ApiProperty } from '../../core/openapi/api.decorators.js';
import { OmitType } from '../../core/validation/mapped-types.js';
import { UserResponse } from '../users/users.dto.js';

export class NoteBody {
  @ApiProperty({ example: 'Buy milk' })
  @IsString()
  @Length(1, 500)
  @Matches(/^\P{Cs}*$/u)
  text: string;
}

export class NotePath {
  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f' })
  @IsUUID()
  id: string;
}

export class NoteResponse {
  @ApiProperty({ example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f' })
  @IsUUID()
  id: string;

  @ApiProperty({ example: 'Buy milk' })
  @IsString()
  text: string;
}

export class VisitResponse {
  @ApiProperty({ example: '2026-01-31T09:30:00.000Z', description: 'When this browser was first here.' })
  @IsString()
  since: string;
}

export class RatePath {
  @ApiProperty({ example: 'EUR' })
  @Matches(/^[A-Z]{3}$/)
  currency: string;
}

export class RateResponse {
  @ApiProperty({ example: 1.08 })
  @IsNumber()
  rate: number;
}

export class NameResponse {
  @ApiProperty({ example: 'Ada' })
  @IsString()
  given: string;

  @ApiProperty({ example: 'Lovelace' })
  @IsString()
  family: string;
}

/** The second version of a user: the name is one thing. */
export class UserV2Response extends OmitType(UserResponse, ['firstName', 'lastName']) {
  @ApiProperty()
  @ValidateNested()
  @Type(() => NameResponse)
  name: NameResponse;
}
