import { Global, Module } from '@nestjs/common';
import { FirestoreModule } from '../firestore/firestore.module.js';
import { Answers } from './answers.js';
import { Idempotency, StoredAnswer } from './idempotency.js';

@Global()
@Module({
  imports: [FirestoreModule.forFeature([StoredAnswer])],
  providers: [Answers, Idempotency],
  exports: [Answers, Idempotency],
})
export class HttpModule {}
