import type { Type } from '@nestjs/common';
import * as nest from '@nestjs/mapped-types';
import { ApiProperty } from '../openapi/api.decorators.js';
import { declaredProperties } from './rules.js';

// Nest's mapped types with what a property was declared as, and how it is documented, which Nest's own forget.

/** All properties of a DTO, none of them required; `skipNullProperties: false` refuses null. */
export const PartialType: typeof nest.PartialType = (type, options) => {
  const partial = withMetadata(nest.PartialType(type, options), [type]);
  for (const property of declaredProperties(partial))
    ApiProperty({ required: false })(partial.prototype as object, property);
  return partial;
};

/** The properties of a DTO but for these. */
export const OmitType: typeof nest.OmitType = (type, keys) => withMetadata(nest.OmitType(type, keys), [type]);

/** These properties of a DTO. */
export const PickType: typeof nest.PickType = (type, keys) => withMetadata(nest.PickType(type, keys), [type]);

/** The properties of several DTOs. */
export const IntersectionType: typeof nest.IntersectionType = (...types: Type[]) =>
  withMetadata((nest.IntersectionType as (...all: Type[]) => Type)(...types), types) as never;

function withMetadata<Mapped extends Type>(mapped: Mapped, sources: Type[]): Mapped {
  const target = mapped.prototype as object;
  for (const source of sources.map(({ prototype }) => prototype as object)) {
    for (const property of declaredProperties(mapped)) {
      for (const key of Reflect.getMetadataKeys(source, property) as unknown[]) {
        Reflect.defineMetadata(key, Reflect.getMetadata(key, source, property), target, property);
      }
    }
  }
  return mapped;
}
