/**
 * Stands in for `@pbvision/schema`, which is not in the registry: its predecessor `@pocketgems/schema`, from which the
 * service moved, with the two things that changed and that the service and its ORM count on.
 */
import S from '@pocketgems/schema';
import Ajv from 'ajv/dist/2020.js';

const base = Object.getPrototypeOf(Object.getPrototypeOf(S.bool)); // the prototype of every kind
const { compile, jsonSchema } = base;
const ajv = new Ajv({ allErrors: true, useDefaults: true, strictSchema: false });

/** Told from a plain object by this name now. */
base.isSchema = true;

/** The service compiles them by JSON Schema 2020-12, where the predecessor says draft 7. */
base.jsonSchema = function () {
  return { ...jsonSchema.call(this), $schema: 'https://json-schema.org/draft/2020-12/schema' };
};

base.compile = function (name, compiler = ajv, returnSchemaToo) {
  return compile.call(this, name, compiler, returnSchemaToo);
};

export default S;
