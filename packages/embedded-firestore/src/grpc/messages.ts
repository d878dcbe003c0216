import type { Timestamp, Value } from '../value/types.ts';
import type { DocumentMessage } from './protocol.ts';

/*
 * The shapes of decoded requests. A field that was not sent is missing from the object itself; its prototype shows the
 * protobuf default, so presence is asked with Object.hasOwn.
 */

export interface MaskMessage {
  fieldPaths: string[];
}

export interface PreconditionMessage {
  exists?: boolean;
  updateTime?: Timestamp | null;
}

export interface FieldTransformMessage {
  fieldPath: string;
  setToServerValue?: number;
  increment?: Value;
  maximum?: Value;
  minimum?: Value;
  appendMissingElements?: Value[];
  removeAllFromArray?: Value[];
}

export interface WriteMessage {
  update?: DocumentMessage | null;
  delete?: string;
  /** The name of a document that is to meet the precondition, and stays as it is. */
  verify?: string;
  transform?: { document: string; fieldTransforms: FieldTransformMessage[] } | null;
  updateMask?: MaskMessage | null;
  updateTransforms: FieldTransformMessage[];
  currentDocument?: PreconditionMessage | null;
}

export interface TransactionOptionsMessage {
  readOnly?: { readTime?: Timestamp | null } | null;
  readWrite?: { retryTransaction: Uint8Array; concurrencyMode: number } | null;
}

export interface ConsistencyMessage {
  transaction?: Uint8Array;
  newTransaction?: TransactionOptionsMessage | null;
  readTime?: Timestamp | null;
}

export interface FieldReferenceMessage {
  fieldPath: string;
}

export interface FilterMessage {
  compositeFilter?: { op: number; filters: FilterMessage[] } | null;
  fieldFilter?: { field?: FieldReferenceMessage | null; op: number; value: Value } | null;
  unaryFilter?: { op: number; field?: FieldReferenceMessage | null } | null;
}

export interface CursorMessage {
  values: Value[];
  before: boolean;
}

export interface FindNearestMessage {
  vectorField?: FieldReferenceMessage | null;
  queryVector?: Value;
  distanceMeasure: number;
  limit?: { value: number } | null;
  distanceResultField: string;
  distanceThreshold?: { value: number } | null;
}

export interface StructuredQueryMessage {
  select?: { fields: FieldReferenceMessage[] } | null;
  from: { collectionId: string; allDescendants: boolean }[];
  where?: FilterMessage | null;
  orderBy: { field?: FieldReferenceMessage | null; direction: number }[];
  startAt?: CursorMessage | null;
  endAt?: CursorMessage | null;
  offset: number;
  limit?: { value: number } | null;
  findNearest?: FindNearestMessage | null;
}

export interface QueryRequestMessage extends ConsistencyMessage {
  parent: string;
  structuredQuery?: StructuredQueryMessage | null;
  explainOptions?: { analyze: boolean } | null;
}

export interface AggregationMessage {
  alias: string;
  count?: { upTo?: { value: number | { toString(): string } } | null } | null;
  sum?: { field?: FieldReferenceMessage | null } | null;
  avg?: { field?: FieldReferenceMessage | null } | null;
}

export interface AggregationRequestMessage extends ConsistencyMessage {
  parent: string;
  structuredAggregationQuery?: {
    structuredQuery?: StructuredQueryMessage | null;
    aggregations: AggregationMessage[];
  } | null;
  explainOptions?: { analyze: boolean } | null;
}

/** Whether a field of a oneof was sent, even with its default value. */
export function isSent(message: object, field: string): boolean {
  return Object.hasOwn(message, field);
}
