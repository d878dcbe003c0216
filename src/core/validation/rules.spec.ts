import { isEmail } from 'class-validator';
import fc from 'fast-check';
import { USUAL_EMAIL } from './rules.js';

describe('the usual e-mail address (H5)', () => {
  it('is one to class-validator too', () => {
    expect('ada.lovelace@mail.example.com').toMatch(USUAL_EMAIL);
    fc.assert(
      fc.property(fc.stringMatching(USUAL_EMAIL), (address) => isEmail(address)),
      { numRuns: 2000 },
    );
  });
});
