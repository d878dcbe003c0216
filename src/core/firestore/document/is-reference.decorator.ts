import type { Type } from '@nestjs/common';
import { registerDecorator, type ValidationOptions } from 'class-validator';
import { firestoreLibrary } from '../firestore-library.js';
import { modelOf } from './document-model.js';

/**
 * The field refers to a document of the class, which its repository reads: `users.find(order.buyer)`.
 *
 * ```ts
 * @IsReference(() => User)
 * buyer: DocumentReference<User>;
 * ```
 */
export const IsReference =
  (type: () => Type<object>, validationOptions?: ValidationOptions): PropertyDecorator =>
  (target, property) =>
    registerDecorator({
      name: 'isReference',
      target: target.constructor,
      propertyName: String(property),
      options: validationOptions,
      validator: {
        validate: (value) =>
          value instanceof firestoreLibrary().DocumentReference &&
          value.parent.path === modelOf(type()).collection,
        defaultMessage: () => `$property must refer to a document of ${modelOf(type()).collection}`,
      },
    });
