import { SetMetadata } from '@nestjs/common';
import type { ApiPropertyOptions } from '@nestjs/swagger';

// `@nestjs/swagger` is large and only the documentation needs it, so classes do not import it. What is told here is kept
// where its own decorators of these names keep it, until somebody asks for the documentation.

/** Where `@ApiProperty` keeps what it was told. */
export const API_PROPERTY = 'swagger/apiModelProperties';

/** What the documentation says of a property besides its type, rules and default, which it knows: examples, descriptions. */
export const ApiProperty =
  (options: ApiPropertyOptions = {}): PropertyDecorator =>
  (target, property) => {
    const before = Reflect.getMetadata(API_PROPERTY, target, property) as ApiPropertyOptions | undefined;
    Reflect.defineMetadata(API_PROPERTY, { ...before, ...options }, target, property);
  };

/** Under which headings the documentation lists the routes of a controller. */
export const ApiTags = (...tags: string[]): ClassDecorator => SetMetadata('swagger/apiUseTags', tags);
