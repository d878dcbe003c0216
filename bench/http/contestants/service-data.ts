/** This service with a database: documents, a repository, a transaction around the handler. */
import { Controller, Get, Module, Param, Post, Query } from '@nestjs/common';
import { IsInt, IsNumber, IsString } from 'class-validator';
import { Roles } from '../../../src/core/auth/access.decorators.js';
import { NotFound } from '../../../src/core/errors/errors.js';
import { Document, Key } from '../../../src/core/firestore/document/document.decorators.js';
import { FirestoreModule } from '../../../src/core/firestore/firestore.module.js';
import { InjectRepository } from '../../../src/core/firestore/inject-repository.decorator.js';
import { Repository } from '../../../src/core/firestore/repository.js';
import { Transactional } from '../../../src/core/firestore/transactional.decorator.js';
import { Responds } from '../../../src/core/routing/responds.decorator.js';
import { type Item, PAGE, type Start } from './data.js';
import { startWith } from './service-app.js';

@Document({ collection: 'BenchItems', notFound: NotFound })
class ItemDocument implements Item {
  @Key() id: string;
  @IsInt() number: number;
  @IsString() title: string;
  @IsInt() visits: number;
  @IsNumber() price: number;
}

class ItemResponse implements Item {
  @IsString() id: string;
  @IsInt() number: number;
  @IsString() title: string;
  @IsInt() visits: number;
  @IsNumber() price: number;
}

class ItemId {
  @IsString() id: string;
}

class After {
  @IsInt() after: number;
}

@Roles('user')
@Controller('bench/items')
class ItemsController {
  constructor(@InjectRepository(ItemDocument) private readonly items: Repository<ItemDocument>) {}

  @Get(':id')
  @Responds(ItemResponse, { summary: 'Read one', errors: [NotFound] })
  async one(@Param() { id }: ItemId): Promise<ItemResponse> {
    return toResponse(await this.items.findOrFail(id));
  }

  @Post(':id/visits')
  @Transactional({ readOnly: false })
  @Responds(ItemResponse, { summary: 'Read, change, write', errors: [NotFound] })
  async visit(@Param() { id }: ItemId): Promise<ItemResponse> {
    const item = await this.items.findOrFail(id);
    item.visits += 1;
    return toResponse(item);
  }

  @Get()
  @Responds([ItemResponse], { summary: 'A page' })
  async page(@Query() { after }: After): Promise<ItemResponse[]> {
    const items = await this.items.query().orderBy('number').startAfter(after).limit(PAGE).find();
    return items.map(toResponse);
  }
}

function toResponse({ id, number, title, visits, price }: ItemDocument): ItemResponse {
  return { id, number, title, visits, price };
}

@Module({ imports: [FirestoreModule.forFeature([ItemDocument])], controllers: [ItemsController] })
export class ItemsModule {}

/** Settings for the engine that the bench has started. */
export const onEngine = () => ({
  FIRESTORE_MODE: 'emulator',
  FIRESTORE_EMULATOR_HOST: process.env.FIRESTORE_EMULATOR_HOST!,
});

export const start: Start = () => startWith(ItemsModule, onEngine());
