import { Global, Module } from '@nestjs/common';
import { Cursors } from './cursor.js';
import { Pages } from './pages.js';

@Global()
@Module({ providers: [Cursors, Pages], exports: [Cursors, Pages] })
export class PaginationModule {}
