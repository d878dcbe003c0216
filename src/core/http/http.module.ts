import { Global, Module } from '@nestjs/common';
import { FirestoreModule } from '../firestore/firestore.module.js';
import { HttpClient } from '../http-client/http-client.js';
import { Answers } from './answers.js';
import { Cookies } from './cookies.js';
import { Idempotency, StoredAnswer } from './idempotency.js';

@Global()
@Module({
  imports: [FirestoreModule.forFeature([StoredAnswer])],
  providers: [Answers, Cookies, HttpClient, Idempotency],
  exports: [Answers, Cookies, HttpClient, Idempotency],
})
export class HttpModule {}
