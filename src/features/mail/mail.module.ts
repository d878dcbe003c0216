import { Module } from '@nestjs/common';
import { FirestoreModule } from '../../core/firestore/firestore.module.js';
import { Mail } from './mail.document.js';
import { MailDelivery } from './mail-delivery.js';
import { MailService } from './mail.service.js';
import { MailTransport } from './mail-transport.js';

/** The outbox. */
@Module({
  imports: [FirestoreModule.forFeature([Mail])],
  providers: [MailService, MailDelivery, MailTransport],
  exports: [MailService],
})
export class MailModule {}
