import { Global, Module } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { JwtGuard } from './authentication.guard.js';
import { JwtStrategy } from './jwt.strategy.js';
import { Keys } from './keys.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Who is calling and what he may do. The guards themselves are global: see `core.module.ts`. */
@Global()
@Module({
  providers: [Keys, AccessTokens, JwtStrategy, JwtGuard, VerifiedTokens],
  exports: [Keys, AccessTokens, JwtGuard, VerifiedTokens],
})
export class AuthCoreModule {}
