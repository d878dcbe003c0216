import { ThrottlerModule } from '@nestjs/throttler';
import { Settings } from '../../config/settings.js';
import { FixedWindowStorage } from './fixed-window.storage.js';
import type { RateLimitName } from './rate-limit.decorator.js';

const MINUTE = 60_000;

/** The limits by name. A route counts against exactly one of them. */
export const ThrottlingModule = ThrottlerModule.forRootAsync({
  inject: [Settings],
  useFactory: (settings: Settings) => ({
    storage: new FixedWindowStorage(),
    throttlers: [
      { name: 'default' satisfies RateLimitName, limit: settings.RATE_LIMIT, ttl: MINUTE },
      { name: 'signIn' satisfies RateLimitName, limit: settings.RATE_LIMIT_SIGN_IN, ttl: MINUTE },
    ],
  }),
});
