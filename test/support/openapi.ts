import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenAPIObject } from '@nestjs/swagger';

export type Schema = Record<string, unknown>;

export interface Operation {
  id: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  parameters: Array<{ name: string; in: 'path' | 'query' | 'header'; schema: Schema }>;
  /** By media type. */
  body: Record<string, Schema>;
  /** By status: schemas by media type. */
  responses: Record<string, Record<string, Schema>>;
}

type Content = Record<string, { schema: Schema }> | undefined;

interface DocumentedOperation {
  operationId: string;
  parameters?: Operation['parameters'];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
}

const schemasOf = (content: Content): Record<string, Schema> =>
  Object.fromEntries(Object.entries(content ?? {}).map(([mediaType, { schema }]) => [mediaType, schema]));

export function operationsOf({ paths }: OpenAPIObject): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, DocumentedOperation>).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase() as Operation['method'],
      path,
      parameters: operation.parameters ?? [],
      body: schemasOf(operation.requestBody?.content),
      responses: Object.fromEntries(
        Object.entries(operation.responses).map(([status, { content }]) => [status, schemasOf(content)]),
      ),
    })),
  );
}

/** Says what is wrong with a body, by the document; nothing if it is right. */
export function responseChecker({ components }: OpenAPIObject) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  const validators = new Map<Schema, ValidateFunction>();
  return (schema: Schema, body: unknown): string | undefined => {
    let validate = validators.get(schema);
    if (!validate) validators.set(schema, (validate = ajv.compile({ ...schema, components })));
    return validate(body) ? undefined : ajv.errorsText(validate.errors);
  };
}
