import { Module } from '@nestjs/common';
import { TokenKinds } from '../../core/auth/token-kinds.js';
import { FirestoreModule } from '../../core/firestore/firestore.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { UsersModule } from '../users/users.module.js';
import { UsersService } from '../users/users.service.js';
import { ApiKey } from './api-key.document.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';

@Module({
  imports: [AuditModule, UsersModule, FirestoreModule.forFeature([ApiKey])],
  controllers: [ApiKeysController],
  providers: [ApiKeysService],
})
export class ApiKeysModule {
  constructor(kinds: TokenKinds, users: UsersService, apiKeys: ApiKeysService) {
    kinds.add(apiKeys);
    users.onDelete((userId) => apiKeys.revokeAllOf(userId));
  }
}
