import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min, MinLength } from 'class-validator';

export const OWASP_PASSWORD_MEMORY = 19_456;

/**
 * Every environment variable that the service reads, by its own name, with its type, rule and default. `.env.example`
 * documents each; a test holds the two together.
 */
export class Settings {
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  /** Where the service listens. Default `127.0.0.1`, in production `0.0.0.0`. */
  @IsString()
  HOST: string;

  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT: number = 3000;

  /** First segment of each API path: `/<prefix>/v1/...`. */
  @Matches(/^[\w-]+$/, { message: 'API_PREFIX must be one path segment of letters, digits, "-" and "_"' })
  API_PREFIX: string = 'api';

  /** Comma-separated origins of the browser applications that may call the API with credentials. */
  @Matches(/^(?:https?:\/\/[^\s,/]+(?:,\s*https?:\/\/[^\s,/]+)*)?$/, {
    message:
      'ALLOWED_ORIGINS must be a comma-separated list of origins such as https://app.example.com (no path, no "*")',
  })
  ALLOWED_ORIGINS: string = '';

  /** Largest request body, in bytes. */
  @IsInt()
  @Min(1024)
  BODY_LIMIT: number = 10 * 1024 * 1024;

  /** Number of reverse proxies in front, whose `X-Forwarded-For` is believed. */
  @IsInt()
  @Min(0)
  TRUSTED_PROXIES: number = 0;

  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  LOG_LEVEL: string = 'info';

  /**
   * What happens when an answer is not what its route declares. `strict` (the default outside production): a 500 with
   * the reason in the log. `strip` (the default in production): undeclared properties do not leave, the log says so.
   */
  @IsIn(['strict', 'strip'])
  RESPONSE_VALIDATION: 'strict' | 'strip';

  /**
   * `embedded` (the default, with data under `DATA_DIRECTORY`), `emulator` (the default when its address is given) or
   * `cloud`. Production must name its mode.
   */
  @IsIn(['embedded', 'emulator', 'cloud'])
  FIRESTORE_MODE: 'embedded' | 'emulator' | 'cloud';

  /** `host:port` of the emulator in mode `emulator`. The client reads it too, so it may be set in no other mode. */
  @IsOptional()
  @Matches(/^[^\s/:]+:\d+$/, { message: 'FIRESTORE_EMULATOR_HOST must be host:port, without http://' })
  FIRESTORE_EMULATOR_HOST?: string;

  /** The Google Cloud project. In mode `cloud` the credentials know it when it is absent. */
  @IsOptional()
  @IsString()
  GOOGLE_CLOUD_PROJECT?: string;

  /**
   * `strict`: embedded data refuses a query whose index `firestore.indexes.json` does not declare, as Google's Firestore
   * does. `off` builds each index at its first use.
   */
  @IsIn(['strict', 'off'])
  FIRESTORE_INDEXES: 'strict' | 'off' = 'strict';

  /** Where embedded data and the development secret are kept; `:memory:` (the default in tests) keeps nothing. */
  @IsString()
  DATA_DIRECTORY: string;

  /** Signs access tokens unless `JWT_KEYS` do; other keys are derived from it. Development makes and keeps its own. */
  @IsString()
  @MinLength(32, {
    message: 'JWT_SECRET must have at least 32 characters; make one with: openssl rand -base64 48',
  })
  JWT_SECRET: string;

  /**
   * Private keys in PEM, one after the other, or the path of a file of them: RSA from 2048 bits (RS256), P-256 (ES256) or
   * Ed25519 (EdDSA). The first signs access tokens, all verify them, `/.well-known/jwks.json` shows their public parts.
   */
  @IsOptional()
  @IsString()
  JWT_KEYS?: string;

  @IsString()
  JWT_ISSUER: string = 'nest-fastify-firestore';

  @IsString()
  JWT_AUDIENCE: string = 'nest-fastify-firestore';

  /** Life of an access token, in seconds. */
  @IsInt()
  @Min(30)
  @Max(86_400)
  ACCESS_TOKEN_TTL: number = 15 * 60;

  /** Life of a sign-in without a refresh, in seconds. */
  @IsInt()
  @Min(60)
  REFRESH_TOKEN_TTL: number = 30 * 24 * 60 * 60;

  /** Whose tokens are accepted besides our own, comma-separated: `firebase`, `oidc`. */
  @Matches(/^(?:(?:firebase|oidc)(?:, *(?:firebase|oidc))*)?$/, {
    message: 'AUTH_PROVIDERS must be a comma-separated list of: firebase, oidc',
  })
  AUTH_PROVIDERS: string = '';

  /** The OpenID Connect issuer of `oidc`, exactly as it calls itself; without TLS only on this machine. */
  @IsOptional()
  @Matches(/^(?:https:\/\/[^\s?#]+|http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?(?:\/[^\s?#]*)?)$/, {
    message: 'OIDC_ISSUER must be the address of the issuer, such as https://login.example.com',
  })
  OIDC_ISSUER?: string;

  /** What its tokens must have been issued for: our client id there. */
  @IsOptional()
  @IsString()
  OIDC_AUDIENCE?: string;

  /** firebase-admin believes unsigned tokens while it is set: for the Auth emulator, and refused in production. */
  @IsOptional()
  @Matches(/^[^\s/:]+:\d+$/, { message: 'FIREBASE_AUTH_EMULATOR_HOST must be host:port, without http://' })
  FIREBASE_AUTH_EMULATOR_HOST?: string;

  /** Requests a minute of one user, or of one address when nobody is signed in. */
  @IsInt()
  @Min(1)
  RATE_LIMIT: number = 300;

  /** Attempts a minute of one address to register or sign in. */
  @IsInt()
  @Min(1)
  RATE_LIMIT_SIGN_IN: number = 10;

  /** Memory that hashing a password takes, in KiB; passwords that have a hash keep it. Production takes no less than OWASP's. */
  @IsInt()
  @Min(64)
  @Max(2 ** 20)
  PASSWORD_MEMORY: number = OWASP_PASSWORD_MEMORY;

  /** The application that mailed links lead to: `<APP_URL>/reset-password#token=...`. */
  @Matches(/^https?:\/\/[^\s?#]+[^\s?#/]$/, {
    message: 'APP_URL must be an address such as https://app.example.com, without a "/" at its end',
  })
  APP_URL: string = 'http://localhost:3000';

  /** The mail server. Without it mail is printed; in production it waits in the outbox. */
  @IsOptional()
  @Matches(/^smtps?:\/\/\S+$/, { message: 'SMTP_URL must be smtp://user:password@host:port, or smtps://...' })
  SMTP_URL?: string;

  /** Sender of all mail. */
  @Matches(/^[^\r\n]*@[^\r\n]+$/, {
    message: 'MAIL_FROM must be an address, such as Example <no-reply@example.com>',
  })
  MAIL_FROM: string = 'no-reply@localhost';

  /** How long an entry of the audit trail is kept, in days. */
  @IsInt()
  @Min(1)
  AUDIT_RETENTION_DAYS: number = 365;

  get allowedOrigins(): string[] {
    return this.ALLOWED_ORIGINS.split(',')
      .map((origin) => origin.trim())
      .filter(Boolean);
  }

  get authProviders(): Array<'firebase' | 'oidc'> {
    return this.AUTH_PROVIDERS.split(/, */).filter((name) => name === 'firebase' || name === 'oidc');
  }

  /** Whether an error answer may show its stack trace. */
  get showStack(): boolean {
    return this.NODE_ENV === 'development';
  }

  /** Whether nothing is to be kept on disk. */
  get isInMemory(): boolean {
    return this.DATA_DIRECTORY === ':memory:';
  }
}
