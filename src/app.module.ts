import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from './config/settings.js';
import { SettingsModule } from './config/settings.module.js';
import { CoreModule } from './core/core.module.js';

/** The core, then one line per feature and per transport. */
@Module({
  imports: [CoreModule],
})
export class AppModule {
  static forRoot(settings: Settings): DynamicModule {
    return { module: AppModule, imports: [SettingsModule.forRoot(settings)] };
  }
}
