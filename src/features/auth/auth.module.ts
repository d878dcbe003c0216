import { Module } from '@nestjs/common';
import { FirestoreModule } from '../../core/firestore/firestore.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { UsersModule } from '../users/users.module.js';
import { UsersService } from '../users/users.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { Passwords } from './passwords.js';
import { RefreshTokens } from './refresh-tokens.js';
import { Session } from './session.document.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [AuditModule, UsersModule, FirestoreModule.forFeature([Session])],
  controllers: [AuthController],
  providers: [AuthService, SessionsService, RefreshTokens, Passwords],
  exports: [AuthService],
})
export class AuthModule {
  constructor(users: UsersService, sessions: SessionsService) {
    users.onDelete((userId) => sessions.endAllOf(userId));
  }
}
