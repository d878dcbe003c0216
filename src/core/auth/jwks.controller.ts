import { Controller, Get, Header, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiTags } from '../openapi/api.decorators.js';
import { Responds } from '../routing/responds.decorator.js';
import { Public } from './access.decorators.js';
import { JwksResponse } from './jwks.dto.js';
import { Keys } from './keys.js';

/** For other services that verify our access tokens. At a well-known place (RFC 8615): no prefix, no version, no envelope. */
@ApiTags('Auth')
@Controller({ path: '.well-known', version: VERSION_NEUTRAL })
export class JwksController {
  constructor(private readonly keys: Keys) {}

  @Get('jwks.json')
  @Public()
  @Header('Cache-Control', 'public, max-age=300')
  @Responds(JwksResponse, { summary: 'The public keys that verify access tokens', envelope: false })
  list(): JwksResponse {
    return { keys: this.keys.publicKeys.map((key) => ({ ...key, kty: key.kty! })) };
  }
}
