import { Inject, type Type } from '@nestjs/common';

const tokens = new WeakMap<Type<object>, symbol>();

/** What the repository of a document class is provided as. */
export function repositoryTokenOf(type: Type<object>): symbol {
  if (!type)
    throw new Error('A document class is undefined where its repository is named: a circular import.');
  let token = tokens.get(type);
  if (!token) tokens.set(type, (token = Symbol(`Repository<${type.name}>`)));
  return token;
}

/** Injects the repository of a document class that the module names in `FirestoreModule.forFeature([...])`. */
export const InjectRepository = (type: Type<object>): ParameterDecorator & PropertyDecorator =>
  Inject(repositoryTokenOf(type));
