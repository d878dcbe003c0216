import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { Authenticated, CurrentCaller } from '../../core/auth/access.decorators.js';
import type { Caller } from '../../core/auth/caller.js';
import { Transactional } from '../../core/firestore/transactional.decorator.js';
import { ApiTags } from '../../core/openapi/api.decorators.js';
import { Responds } from '../../core/routing/responds.decorator.js';
import {
  ApiKeyBody,
  ApiKeyPath,
  ApiKeyResponse,
  NewApiKeyResponse,
  toApiKeyResponse,
} from './api-keys.dto.js';
import { ApiKeyNotFound, TooManyApiKeys } from './api-keys.errors.js';
import { ApiKeysService } from './api-keys.service.js';

/** For people: an API key can make neither another nor see or end one. */
@ApiTags('API keys')
@Controller('api-keys')
@Authenticated()
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Post()
  @Transactional({ readOnly: false })
  @Responds(NewApiKeyResponse, {
    summary: 'Make an API key',
    description: 'For programs that call in your name, as `Authorization: Bearer ak_…`.',
    status: 201,
    errors: [TooManyApiKeys],
  })
  async create(@Body() body: ApiKeyBody, @CurrentCaller() caller: Caller): Promise<NewApiKeyResponse> {
    const { apiKey, token } = await this.apiKeys.create(body, caller);
    return { ...toApiKeyResponse(apiKey), key: token };
  }

  @Get()
  @Transactional()
  @Responds([ApiKeyResponse], { summary: 'List my API keys, the newest first' })
  async list(@CurrentCaller() caller: Caller): Promise<ApiKeyResponse[]> {
    return (await this.apiKeys.listOf(caller.id)).map(toApiKeyResponse);
  }

  @Delete(':id')
  @Transactional({ readOnly: false })
  @Responds(null, {
    summary: 'Revoke an API key',
    description: 'It is refused within a minute. An admin may revoke anybody’s.',
    errors: [ApiKeyNotFound],
  })
  async revoke(@Param() { id }: ApiKeyPath, @CurrentCaller() caller: Caller): Promise<void> {
    await this.apiKeys.revoke(id, caller);
  }
}
