import { Module } from '@nestjs/common';
import { TokenKinds } from '../../core/auth/token-kinds.js';
import { FirestoreModule } from '../../core/firestore/firestore.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { UsersModule } from '../users/users.module.js';
import { FirebaseProvider } from './firebase-provider.js';
import { IdentitiesService } from './identities.service.js';
import { Identity } from './identity.document.js';
import { OidcProvider } from './oidc-provider.js';

/** Signing in by Firebase Authentication or any OpenID Connect issuer, as `AUTH_PROVIDERS` says. */
@Module({
  imports: [AuditModule, UsersModule, FirestoreModule.forFeature([Identity])],
  providers: [IdentitiesService, FirebaseProvider, OidcProvider],
})
export class IdentitiesModule {
  constructor(kinds: TokenKinds, identities: IdentitiesService) {
    kinds.add(identities);
  }
}
