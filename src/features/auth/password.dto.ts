import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '../../core/openapi/api.decorators.js';
import { IsString, Length, MaxLength } from 'class-validator';
import { IsEmailAddress } from '../users/users.dto.js';

const NEW_PASSWORD = {
  example: 'correct horse battery staple',
  description: 'Any characters. Not one of the most used passwords, nor your name or e-mail address.',
};

/** A password that somebody chooses; see also `password-rules.ts`. */
export const IsNewPassword = () => applyDecorators(ApiProperty(NEW_PASSWORD), IsString(), Length(8, 128));

/** A password that is compared with the stored one. */
export const IsPassword = () =>
  applyDecorators(ApiProperty({ example: 'correct horse battery staple' }), IsString(), MaxLength(128));

const IsOneTimeToken = () =>
  applyDecorators(
    ApiProperty({
      example: '01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f.q5X9Zk0W1b3sVtYcJmR7uN2hLdGfA8eKoPiTzBxC6wE',
      description: 'From the mail.',
    }),
    IsString(),
    MaxLength(200),
  );

export class ChangePasswordBody {
  @IsPassword()
  currentPassword: string;

  @IsNewPassword()
  newPassword: string;
}

export class ForgotPasswordBody {
  @ApiProperty({ example: 'ada@example.com' })
  @IsEmailAddress()
  email: string;
}

export class ResetPasswordBody {
  @IsOneTimeToken()
  token: string;

  @IsNewPassword()
  newPassword: string;
}

export class VerifyEmailBody {
  @IsOneTimeToken()
  token: string;
}
