import { Injectable } from '@nestjs/common';
import type { DocumentQuery } from '../firestore/document-query.js';
import { firestoreLibrary } from '../firestore/firestore-library.js';
import { Cursors } from './cursor.js';
import { Page } from './page.js';
import type { PageQuery } from './page-query.dto.js';

/** Reads the page of a query that a client asks for, by number or by cursor. */
@Injectable()
export class Pages {
  constructor(private readonly cursors: Cursors) {}

  /**
   * @param ordered a query with a total order: the last field that it is ordered by is the key
   * @param scope what a cursor is valid for: name of the list, filters, sort and order
   * @throws {InvalidCursor}
   */
  read<Item extends object, Position extends unknown[]>(
    ordered: DocumentQuery<Item, Item, Position>,
    request: PageQuery,
    scope: object,
  ): Promise<Page<Item>> {
    if (request.cursor === undefined) return this.byOffset(ordered, request);
    return this.byCursor(ordered, request.cursor, request.limit, scope);
  }

  private async byOffset<Item extends object, Position extends unknown[]>(
    ordered: DocumentQuery<Item, Item, Position>,
    { page, limit }: PageQuery,
  ): Promise<Page<Item>> {
    const [items, total] = await Promise.all([
      ordered
        .offset((page - 1) * limit)
        .limit(limit)
        .find(),
      ordered.count(),
    ]);
    return Page.byOffset(items, { page, limit, total });
  }

  private async byCursor<Item extends object, Position extends unknown[]>(
    ordered: DocumentQuery<Item, Item, Position>,
    cursor: string,
    limit: number,
    scope: object,
  ): Promise<Page<Item>> {
    const position = cursor === '' ? [] : this.cursors.decode(cursor, scope).map(fromJson);
    const rest = cursor === '' ? ordered : ordered.startAfter(...(position as Partial<Position>));
    const found = await rest.limit(limit + 1).find(); // one more tells whether there is a next page
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    const nextCursor = last ? this.cursors.encode(ordered.positionOf(last).map(toJson), scope) : null;
    return Page.byCursor(items, { limit, nextCursor });
  }
}

function toJson(value: unknown): unknown {
  return value instanceof firestoreLibrary().Timestamp ? [value.seconds, value.nanoseconds] : value;
}

function fromJson(value: unknown): unknown {
  return Array.isArray(value)
    ? new (firestoreLibrary().Timestamp)(value[0] as number, value[1] as number)
    : value;
}
