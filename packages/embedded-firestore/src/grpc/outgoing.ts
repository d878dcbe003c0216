import type { Document } from '../document/document.ts';
import { project } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import type { EngineDatabase } from '../engine.ts';
import type { OutgoingDocument } from './protocol.ts';

/** A document to be sent, with the fields that the mask leaves visible. */
export function outgoing(
  database: EngineDatabase,
  document: Document,
  mask?: readonly FieldPath[],
): OutgoingDocument {
  const { name } = database.data;
  return mask
    ? { database: name, document, fields: project(document.fields(), mask) }
    : { database: name, document };
}
