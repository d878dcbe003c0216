/** `meta.pagination` of a list read by page number. */
export interface OffsetPagination {
  page: number;
  limit: number;
  total: number;
  totalPages: number;
  hasNext: boolean;
  hasPrevious: boolean;
}

/** `meta.pagination` of a list read by cursor. */
export interface CursorPagination {
  limit: number;
  /** Pass it as `cursor` to get the next page; null on the last one. */
  nextCursor: string | null;
  hasNext: boolean;
}

export type Pagination = OffsetPagination | CursorPagination;

/** One page of a list; what a handler of `@Responds([Item])` returns. */
export class Page<Item> {
  private constructor(
    readonly items: Item[],
    readonly pagination: Pagination,
  ) {}

  static byOffset<Item>(
    items: Item[],
    { page, limit, total }: { page: number; limit: number; total: number },
  ): Page<Item> {
    const totalPages = Math.ceil(total / limit);
    return new Page(items, {
      page,
      limit,
      total,
      totalPages,
      hasNext: page < totalPages,
      hasPrevious: page > 1,
    });
  }

  static byCursor<Item>(
    items: Item[],
    { limit, nextCursor }: { limit: number; nextCursor: string | null },
  ): Page<Item> {
    return new Page(items, { limit, nextCursor, hasNext: nextCursor !== null });
  }

  map<Mapped>(transform: (item: Item) => Mapped): Page<Mapped> {
    return new Page(this.items.map(transform), this.pagination);
  }
}
