import { Global, Module } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { FirestoreModule } from '../firestore/firestore.module.js';
import { AccessTokens } from './access-tokens.js';
import { JwtGuard } from './authentication.guard.js';
import { JwksController } from './jwks.controller.js';
import { JwtStrategy } from './jwt.strategy.js';
import { Keys } from './keys.js';
import { Revocation } from './revocation.document.js';
import { Revocations } from './revocations.js';
import { TokenKinds } from './token-kinds.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Passport's strategy `jwt`: one of the two, by what signs the tokens. */
const strategy = {
  provide: 'strategy',
  inject: [Keys, Settings],
  useFactory: async (keys: Keys, settings: Settings) => {
    if (keys.publicKeys.length === 0) return new JwtStrategy(keys, settings);
    const { PublicKeyStrategy } = await import('./public-key.strategy.js');
    return new PublicKeyStrategy(keys, settings);
  },
};

/** Who is calling and what he may do. The guards themselves are global: see `core.module.ts`. */
@Global()
@Module({
  imports: [FirestoreModule.forFeature([Revocation])],
  controllers: [JwksController],
  providers: [Keys, AccessTokens, strategy, JwtGuard, TokenKinds, VerifiedTokens, Revocations],
  exports: [Keys, AccessTokens, JwtGuard, TokenKinds, VerifiedTokens, Revocations],
})
export class AuthCoreModule {}
