import { FirestoreError } from '../errors.ts';
import type { StatusName } from '../errors.ts';

const MAX_MESSAGE = 2_000;

/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const CODES: Record<StatusName, number> = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
};

export interface Status {
  code: number;
  message: string;
}

export const deadlineExceeded: Status = { code: 4, message: 'The deadline of the call has passed.' };

/** The google.rpc.Status of an error. What the engine did not mean to say stays in the server's log. */
export function statusOf(error: unknown): Status {
  if (error instanceof FirestoreError) return { code: CODES[error.status], message: sendable(error.message) };
  if (isMalformed(error))
    return { code: CODES.INVALID_ARGUMENT, message: 'The request is not a well-formed message.' };
  console.error('embedded-firestore: unexpected error', error);
  return {
    code: CODES.INTERNAL,
    message: 'The embedded Firestore engine failed unexpectedly; its log says more.',
  };
}

/** Messages quote what was sent, which may be more than a header can hold; cutting may leave half of a character. */
function sendable(message: string): string {
  return (message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}...` : message).toWellFormed();
}

/** protobufjs complains about bytes that are no message in these two ways. */
function isMalformed(error: unknown): boolean {
  if (error instanceof RangeError) return /out of range/.test(error.message);
  return (
    error instanceof Error &&
    /invalid wire type|invalid varint|maximum nesting depth|invalid tag/i.test(error.message)
  );
}
