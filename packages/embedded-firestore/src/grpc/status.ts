import { status as codes } from '@grpc/grpc-js';
import { FirestoreError } from '../errors.ts';

const MAX_MESSAGE = 2_000;

/** The google.rpc.Status of an error. What the engine did not mean to say stays in the server's log. */
export function statusOf(error: unknown): { code: number; message: string } {
  if (error instanceof FirestoreError) return { code: codes[error.status], message: sendable(error.message) };
  if (isMalformed(error))
    return { code: codes.INVALID_ARGUMENT, message: 'The request is not a well-formed message.' };
  console.error('embedded-firestore: unexpected error', error);
  return {
    code: codes.INTERNAL,
    message: 'The embedded Firestore engine failed unexpectedly; its log says more.',
  };
}

/**
 * Messages quote what was sent, which may be more than a header can hold. Half of a character, which is what cutting a
 * quotation may leave, would make gRPC throw where nobody can catch it.
 */
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
