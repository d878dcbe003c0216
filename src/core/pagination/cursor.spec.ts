import fc from 'fast-check';
import { loadSettings } from '../../config/load-settings.js';
import { Keys } from '../auth/keys.js';
import { Cursors, InvalidCursor } from './cursor.js';

const query = { list: 'users', sort: 'email', order: 'asc' };

describe('Cursors (H4)', () => {
  let cursors: Cursors;

  beforeAll(async () => {
    cursors = new Cursors(new Keys(await loadSettings({ NODE_ENV: 'test' })));
  });

  it('gives back any position', () => {
    const position = fc.array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null)),
    );
    fc.assert(
      fc.property(position, (values) =>
        expect(cursors.decode(cursors.encode(values, query), query)).toEqual(values),
      ),
    );
  });

  it('shows nothing of the position', () => {
    const token = cursors.encode(['ada@example.com'], query);
    expect(token).toMatch(/^[\w-]+$/);
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('ada');
  });

  it('refuses a token with any bit changed', () => {
    const token = Buffer.from(cursors.encode(['ada@example.com', 'id'], query), 'base64url');
    const bit = fc.record({ byte: fc.nat(token.length - 1), mask: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(bit, ({ byte, mask }) => {
        const changed = Buffer.from(token);
        changed[byte]! ^= mask;
        expect(() => cursors.decode(changed.toString('base64url'), query)).toThrow(InvalidCursor);
      }),
    );
  });

  it('refuses what it never issued', () => {
    fc.assert(
      fc.property(fc.string(), (text) => expect(() => cursors.decode(text, query)).toThrow(InvalidCursor)),
    );
  });

  it('refuses a cursor of another query, or of another service', async () => {
    const token = cursors.encode(['ada@example.com'], query);
    expect(() => cursors.decode(token, { ...query, order: 'desc' })).toThrow(InvalidCursor);
    const others = new Cursors(new Keys(await loadSettings({ NODE_ENV: 'test' })));
    expect(() => others.decode(token, query)).toThrow(InvalidCursor);
  });
});
