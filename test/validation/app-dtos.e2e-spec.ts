import type { Type } from '@nestjs/common';
import fc from 'fast-check';
import { Settings } from '../../src/config/settings.js';
import { listRoutes, type Route } from '../../src/core/routing/list-routes.js';
import { declaredProperties, isDto } from '../../src/core/validation/dto.js';
import { elementTypeOf } from '../../src/core/validation/element-type.js';
import { setup } from '../support/setup.js';
import { objectsWith, valuesAround } from './inputs.js';
import { compare } from './reference.js';

const RUNS = Number(process.env.VALIDATION_RUNS ?? 15) * 4;

/** Where `@ApiProperty` keeps the examples, which are the best guess at what a rule accepts. */
const DOCUMENTED = 'swagger/apiModelProperties';

describe('the compiled validator and the libraries agree (H5)', () => {
  it('on each DTO of the running application', async () => {
    const { app, close } = await setup();
    const routes = listRoutes(app);
    const responses = routes.map(({ contract }) => contract.response?.type).filter(isDto);
    const types = new Set([Settings, ...routes.flatMap(argumentsOf), ...responses]);
    expect(types.size).toBeGreaterThan(10);
    for (const type of types) {
      const inputs = inputsFor(type);
      await fc.assert(
        fc.asyncProperty(inputs, (input) => compare(type, input)),
        { numRuns: RUNS },
      );
    }
    await close();
  });
});

const argumentsOf = ({ controller, name }: Route): Type<object>[] =>
  (Reflect.getMetadata('design:paramtypes', controller.prototype as object, name) as unknown[]).filter(isDto);

function inputsFor(type: Type<object>): fc.Arbitrary<object> {
  const defaults = new type() as Record<string, unknown>;
  const properties = [...declaredProperties(type)].map((name) => {
    const nested = elementTypeOf(type, name);
    if (isDto(nested)) return [name, fc.oneof(inputsFor(nested), valuesAround([{}]))];
    const documented = Reflect.getMetadata(DOCUMENTED, type.prototype as object, name) as
      { example?: unknown } | undefined;
    return [
      name,
      valuesAround([documented?.example, defaults[name], 'x', 1].filter((each) => each !== undefined)),
    ];
  });
  return objectsWith(Object.fromEntries(properties) as Record<string, fc.Arbitrary<unknown>>);
}
