import { BadGatewayException, HttpException, NotFoundException } from '@nestjs/common';
import { Conflict, InvalidInput } from './errors.js';
import { toTypedError } from './to-typed-error.js';

describe('toTypedError (H3, H7)', () => {
  it('leaves a typed error as it is', () => {
    const error = new Conflict();
    expect(toTypedError(error)).toBe(error);
  });

  it.each([
    [new NotFoundException('No such route'), 404, 'NOT_FOUND', 'No such route'],
    [new HttpException('Pay first', 402), 402, 'PAYMENT_REQUIRED', 'Pay first'],
    [
      Object.assign(new Error('Too big'), { statusCode: 413, code: 'FST_ERR_CTP_BODY_TOO_LARGE' }),
      413,
      'PAYLOAD_TOO_LARGE',
      'Too big',
    ],
  ])('keeps what the frameworks blame on the client', (thrown, status, code, message) => {
    expect(toTypedError(thrown)).toMatchObject({ status, code, message, cause: thrown });
  });

  it.each([
    new Error('secret'),
    new BadGatewayException('secret'),
    Object.assign(new Error('secret'), { statusCode: 404 }),
    'secret',
    undefined,
    null,
    { status: 404, message: 'secret' },
  ])('says nothing of %p', (thrown) => {
    const error = toTypedError(thrown);
    expect(error).toMatchObject({ status: 500, code: 'INTERNAL_SERVER_ERROR', cause: thrown });
    expect(error.message).not.toContain('secret');
  });

  it('asks to come back when Firestore is busy', () => {
    const aborted = Object.assign(new Error('10 ABORTED'), { code: 10, details: 'contention' });
    expect(toTypedError(aborted)).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
  });

  it('knows the class of an error by its statics', () => {
    const error = new InvalidInput([]);
    expect(error).toMatchObject({
      name: 'InvalidInput',
      status: 400,
      code: 'VALIDATION_ERROR',
      details: { errors: [] },
    });
  });
});
