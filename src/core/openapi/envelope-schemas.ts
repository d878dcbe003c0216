/** JSON Schemas of what the envelope adds around a route's own DTO; see `core/http/envelope.ts`. */
export const ENVELOPE_SCHEMAS: Record<string, object> = {
  Meta: {
    type: 'object',
    required: ['requestId', 'timestamp'],
    properties: {
      requestId: { type: 'string', examples: ['01980f2a-3c1b-7d2e-9f40-5a6b7c8d9e0f'] },
      timestamp: { type: 'string', format: 'date-time', examples: ['2026-01-31T09:30:00.000Z'] },
    },
  },
  OffsetPagination: {
    type: 'object',
    description: 'Of a list read by page number.',
    required: ['page', 'limit', 'total', 'totalPages', 'hasNext', 'hasPrevious'],
    properties: {
      page: { type: 'integer', minimum: 1, examples: [1] },
      limit: { type: 'integer', minimum: 1, examples: [20] },
      total: { type: 'integer', minimum: 0, examples: [41] },
      totalPages: { type: 'integer', minimum: 0, examples: [3] },
      hasNext: { type: 'boolean', examples: [true] },
      hasPrevious: { type: 'boolean', examples: [false] },
    },
  },
  CursorPagination: {
    type: 'object',
    description: 'Of a list read by cursor.',
    required: ['limit', 'nextCursor', 'hasNext'],
    properties: {
      limit: { type: 'integer', minimum: 1, examples: [20] },
      nextCursor: {
        type: ['string', 'null'],
        description: 'Pass it as `cursor` for the next page; null on the last one.',
      },
      hasNext: { type: 'boolean', examples: [true] },
    },
  },
  ErrorResponse: {
    type: 'object',
    required: ['success', 'error', 'meta'],
    properties: {
      success: { type: 'boolean', const: false },
      error: {
        type: 'object',
        required: ['code', 'message'],
        properties: {
          code: { type: 'string', description: 'Stable; branch on it.' },
          message: { type: 'string', description: 'For people; it may change.' },
          details: { type: 'object', description: 'What this kind of error adds.' },
          stack: { type: 'string', description: 'In development only.' },
        },
      },
      meta: { $ref: '#/components/schemas/Meta' },
    },
  },
  Problem: {
    type: 'object',
    description: 'The same error as RFC 9457, for `Accept: application/problem+json`.',
    required: ['type', 'title', 'status', 'detail', 'code', 'requestId', 'timestamp'],
    properties: {
      type: { type: 'string', examples: ['about:blank'] },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      code: { type: 'string' },
      details: { type: 'object' },
      requestId: { type: 'string' },
      timestamp: { type: 'string', format: 'date-time' },
    },
  },
};

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** The body of a successful answer whose `data` has this schema. */
export function successSchema(data: object, isPage: boolean): object {
  const pagination = { pagination: { oneOf: [ref('OffsetPagination'), ref('CursorPagination')] } };
  return {
    type: 'object',
    required: ['success', 'data', 'meta'],
    properties: {
      success: { type: 'boolean', const: true },
      data,
      meta: isPage
        ? { allOf: [ref('Meta'), { type: 'object', required: ['pagination'], properties: pagination }] }
        : ref('Meta'),
    },
  };
}
