import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
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

  @IsMember()
  y?: string;

  @IsMember()
  n?: string;

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
