/** Idiomatic Nest with a database. */
import { Get, HttpCode, Injectable, Module, NotFoundException, Param, Post, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsInt, Min } from 'class-validator';
import type { Item, Start } from './data.js';
import { Items } from './items.js';
import { AppModule, Protected, startWith } from './nest.js';

@Injectable()
class ItemsService extends Items {}

class PageQuery {
  @Type(() => Number) @IsInt() @Min(0) after: number;
}

const orNotFound = (item: Item | undefined): Item => {
  if (!item) throw new NotFoundException();
  return item;
};

@Protected()
class ItemsController {
  constructor(private readonly items: ItemsService) {}

  @Get('items/:id')
  async find(@Param('id') id: string): Promise<Item> {
    return orNotFound(await this.items.find(id));
  }

  @Post('items/:id/visits')
  @HttpCode(200)
  async visit(@Param('id') id: string): Promise<Item> {
    return orNotFound(await this.items.visit(id));
  }

  @Get('items')
  page(@Query() { after }: PageQuery): Promise<Item[]> {
    return this.items.page(after);
  }
}

@Module({ imports: [AppModule], controllers: [ItemsController], providers: [ItemsService] })
class DataModule {}

export const start: Start = () => startWith(DataModule);
