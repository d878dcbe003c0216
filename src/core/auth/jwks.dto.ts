import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '../openapi/api.decorators.js';
import { Type } from 'class-transformer';
import { IsIn, IsOptional, IsString, ValidateNested } from 'class-validator';

/** What only some kinds of keys have. */
const IsMember = () => applyDecorators(IsOptional(), IsString());

export class JwkResponse {
  @ApiProperty({ example: 'OKP' })
  @IsIn(['RSA', 'EC', 'OKP'])
  kty: string;

  @ApiProperty({
    example: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    description: 'RFC 7638 thumbprint.',
  })
  @IsString()
  kid: string;

  @ApiProperty({ example: 'EdDSA' })
  @IsIn(['RS256', 'ES256', 'EdDSA'])
  alg: string;

  @ApiProperty({ example: 'sig' })
  @IsIn(['sig'])
  use: string;

  @ApiProperty({ example: 'Ed25519' })
  @IsMember()
  crv?: string;

  @ApiProperty({ example: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' })
  @IsMember()
  x?: string;

  @ApiProperty({ example: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' })
  @IsMember()
  y?: string;

  @ApiProperty({
    example: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc',
  })
  @IsMember()
  n?: string;

  @ApiProperty({ example: 'AQAB' })
  @IsMember()
  e?: string;
}

/** A JWK Set (RFC 7517). */
export class JwksResponse {
  @ApiProperty({ description: 'Empty where a secret signs the tokens.' })
  @ValidateNested({ each: true })
  @Type(() => JwkResponse)
  keys: JwkResponse[];
}
