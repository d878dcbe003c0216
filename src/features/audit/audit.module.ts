import { Module } from '@nestjs/common';
import { FirestoreModule } from '../../core/firestore/firestore.module.js';
import { AuditController } from './audit.controller.js';
import { AuditEntry } from './audit-entry.document.js';
import { AuditService } from './audit.service.js';

@Module({
  imports: [FirestoreModule.forFeature([AuditEntry])],
  controllers: [AuditController],
  providers: [AuditService],
  exports: [AuditService],
})
export class AuditModule {}
