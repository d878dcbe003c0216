import { checkNoneWithin, parseFieldPath } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { parseDocumentName } from '../document/resource-path.ts';
import { requireNumber } from '../document/transform.ts';
import type { Transform } from '../document/transform.ts';
import type { Precondition, Write } from '../document/write.ts';
import { invalid, unimplemented } from '../errors.ts';
import { microsFromTimestamp } from '../value/types.ts';
import type { Value } from '../value/types.ts';
import { isSent } from './messages.ts';
import type { FieldTransformMessage, MaskMessage, PreconditionMessage, WriteMessage } from './messages.ts';

export function decodeWrite(message: WriteMessage, database: string): Write {
  const precondition = decodePrecondition(message.currentDocument);
  if (!message.update) checkOnlyForUpdates(message);
  const transforms = decodeTransforms(message.updateTransforms);
  if (message.update) {
    const mask = message.updateMask ? decodeMask(message.updateMask) : undefined;
    const { fields } = message.update;
    const path = pathWithin(message.update.name, database);
    return { kind: 'update', path, fields, mask, transforms, precondition };
  }
  if (isSent(message, 'delete')) {
    const path = pathWithin(message.delete ?? '', database);
    return { kind: 'delete', path, fields: new Map(), transforms: [], precondition };
  }
  if (message.transform) {
    const path = pathWithin(message.transform.document, database);
    const own = decodeTransforms(message.transform.fieldTransforms);
    if (own.length === 0) throw invalid('A write that is a transform must have field transforms.');
    return { kind: 'update', path, fields: new Map(), mask: [], transforms: own, precondition };
  }
  if (isSent(message, 'verify')) {
    const path = pathWithin(message.verify ?? '', database);
    return { kind: 'verify', path, fields: new Map(), transforms: [], precondition };
  }
  throw invalid('A write must have one of update, delete, verify and transform.');
}

function checkOnlyForUpdates({ updateMask, updateTransforms }: WriteMessage): void {
  if (updateMask) throw invalid('update_mask can only be set for a write that is an update.');
  if (updateTransforms.length > 0)
    throw invalid('update_transforms can only be set for a write that is an update.');
}

export function pathWithin(name: string, database: string): string {
  const resource = parseDocumentName(name);
  if (resource.database !== database) throw invalid(`Document "${name}" is not in the database ${database}.`);
  return resource.path;
}

export function decodeMask(mask: MaskMessage): FieldPath[] {
  return mask.fieldPaths.map(parseFieldPath);
}

export function decodePrecondition(message: PreconditionMessage | null | undefined): Precondition {
  if (!message) return {};
  if (message.updateTime) return { updateTime: microsFromTimestamp(message.updateTime) };
  return isSent(message, 'exists') ? { exists: message.exists ?? false } : {};
}

function decodeTransforms(messages: FieldTransformMessage[]): Transform[] {
  const transforms = messages.map(decodeTransform);
  checkNoneWithin(
    transforms.map(({ path }) => path),
    'The list of field transforms',
  );
  return transforms;
}

function decodeTransform(message: FieldTransformMessage): Transform {
  const path = parseFieldPath(message.fieldPath);
  if (isSent(message, 'setToServerValue')) {
    if (message.setToServerValue !== 1)
      throw unimplemented(`set_to_server_value ${message.setToServerValue}`);
    return { kind: 'requestTime', path };
  }
  for (const kind of ['increment', 'maximum', 'minimum'] as const) {
    if (isSent(message, kind))
      return { kind, path, operand: requireNumber(message[kind] as Value, `The transform "${kind}"`) };
  }
  if (message.appendMissingElements)
    return { kind: 'arrayUnion', path, values: message.appendMissingElements };
  if (message.removeAllFromArray) return { kind: 'arrayRemove', path, values: message.removeAllFromArray };
  throw invalid(`The transform of "${message.fieldPath}" has no kind set.`);
}
