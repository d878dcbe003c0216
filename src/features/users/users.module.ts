import { Module } from '@nestjs/common';
import { FirestoreModule } from '../../core/firestore/firestore.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { Email, User } from './user.document.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AuditModule, FirestoreModule.forFeature([User, Email])],
  controllers: [UsersController],
  providers: [UsersService],
  exports: [UsersService],
})
export class UsersModule {}
