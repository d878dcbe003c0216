import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiTags } from '../openapi/api.decorators.js';
import packageJson from '../../../package.json' with { type: 'json' };
import { Settings } from '../../config/settings.js';
import { Public } from '../auth/access.decorators.js';
import { ServiceUnavailable } from '../errors/errors.js';
import { FirestoreHealth } from '../firestore/firestore-health.js';
import { Responds } from '../routing/responds.decorator.js';
import { RateLimit } from '../throttling/rate-limit.decorator.js';
import { HealthResponse, ProbeResponse } from './health.dto.js';

/** For load balancers and people. Outside the API: no prefix, no version, no envelope, no rate limit. */
@ApiTags('Health')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
@Public()
@RateLimit(null)
export class HealthController {
  constructor(
    private readonly settings: Settings,
    private readonly firestore: FirestoreHealth,
  ) {}

  @Get()
  @Responds(HealthResponse, { summary: 'What runs here, and since when', envelope: false })
  health(): HealthResponse {
    return {
      status: 'ok',
      timestamp: new Date().toISOString(),
      uptime: process.uptime(),
      environment: this.settings.NODE_ENV,
      version: packageJson.version,
    };
  }

  @Get('live')
  @Responds(ProbeResponse, { summary: 'Whether the process answers', envelope: false })
  live(): ProbeResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @Responds(ProbeResponse, {
    summary: 'Whether what the service needs answers too',
    errors: [ServiceUnavailable],
    envelope: false,
  })
  async ready(): Promise<ProbeResponse> {
    if (await this.firestore.answers()) return { status: 'ok' };
    throw new ServiceUnavailable({
      message: 'Firestore does not answer.',
      details: { firestore: 'unreachable' },
    });
  }
}
