import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { Settings } from './config/settings.js';
import { SettingsModule } from './config/settings.module.js';
import { CoreModule } from './core/core.module.js';
import { ApiKeysModule } from './features/api-keys/api-keys.module.js';
import { AuditModule } from './features/audit/audit.module.js';
import { AuthModule } from './features/auth/auth.module.js';
import { ExamplesModule } from './features/examples/examples.module.js';
import { IdentitiesModule } from './features/identities/identities.module.js';
import { UsersModule } from './features/users/users.module.js';

/** The core, then one line per feature and per transport. */
@Module({
  imports: [
    CoreModule,
    UsersModule,
    AuthModule,
    ApiKeysModule,
    IdentitiesModule,
    AuditModule,
    ExamplesModule,
  ],
})
export class AppModule {
  /** @param imports modules beyond those above, e.g. a test's own routes */
  static forRoot(settings: Settings, imports: Type[] = []): DynamicModule {
    return { module: AppModule, imports: [SettingsModule.forRoot(settings), ...imports] };
  }
}
