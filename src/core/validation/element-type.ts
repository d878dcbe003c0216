import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';

/** The class of an array's items, as `@Type(() => Item)` names it; reflection alone knows only that it is an array. */
export function elementTypeOf(type: object, property: string): unknown {
  return defaultMetadataStorage.findTypeMetadata(type as never, property)?.typeFunction();
}
