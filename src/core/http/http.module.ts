import { Global, Module } from '@nestjs/common';
import { Answers } from './answers.js';

@Global()
@Module({ providers: [Answers], exports: [Answers] })
export class HttpModule {}
