import { ApiProperty } from '../openapi/api.decorators.js';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** `page` and `limit`, or `cursor` and `limit`, of a list route. Extend it with the filters and sort fields of the route. */
export class PageQuery {
  @ApiProperty({ description: 'Page number, from 1. Not used together with `cursor`.' })
  @IsInt()
  @Min(1)
  @Max(10_000)
  page: number = 1;

  @ApiProperty({ description: 'Items per page.' })
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;

  @ApiProperty({
    description:
      'Reads on where an earlier answer ended: pass its `nextCursor`. An empty value starts at the first item. ' +
      'Pages by cursor stay correct while items are added or removed.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  cursor?: string;

  @ApiProperty({ description: 'Direction of the sort.' })
  @IsIn(['asc', 'desc'])
  order: 'asc' | 'desc' = 'desc';
}
