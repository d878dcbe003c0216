import { erasedTypes, isClass } from './erased-types.js';
import { readText, sourceFiles } from './sources.js';

describe('decorated signatures', () => {
  it('keep the classes that Nest and class-validator read at run time: no `import type` of them', async () => {
    const erased: string[] = [];
    for (const file of sourceFiles('src')) {
      for (const each of erasedTypes(file, readText(file))) {
        if (await isClass(each, file))
          erased.push(`${file}:${each.line}: import ${each.name} without "type"`);
      }
    }
    expect(erased).toEqual([]);
  });

  it.each([
    ['a property', `class A { @IsDate() at: X; }`],
    ['a property that may be absent', `class A { @IsOptional() at?: X | null; }`],
    ['what is injected', `@Injectable() class A { constructor(private readonly x: X) {} }`],
    ['a parameter of a route', `class A { get(@Body() body: X) {} }`],
    ['a parameter beside a decorated one', `class A { @Get() get(body: X) {} }`],
  ])('are seen through: %s', (_what, text) => {
    const found = [{ name: 'X', from: './x.js', line: 2 }];
    expect(erasedTypes('a.ts', `import type { X } from './x.js';\n${text}`)).toEqual(found);
    expect(erasedTypes('a.ts', `import { type X } from './x.js';\n${text}`)).toEqual(found);
    expect(erasedTypes('a.ts', `import { X } from './x.js';\n${text}`)).toEqual([]);
  });

  it.each([
    ['undecorated code', `class A { constructor(private readonly x: X) {} get(x: X) {} x: X; }`],
    ['types that are erased anyway', `class A { @Get() get(): Promise<X> {} @IsArray() xs: X[]; }`],
  ])('alone count: %s does not', (_what, text) => {
    expect(erasedTypes('a.ts', `import type { X } from './x.js';\n${text}`)).toEqual([]);
  });

  it('may name interfaces, which exist for the compiler only', async () => {
    const importer = 'src/core/http/error.filter.ts';
    const type = (name: string, from: string) => isClass({ name, from, line: 1 }, importer);
    expect(await type('FastifyReply', 'fastify')).toBe(false);
    expect(await type('Reflector', '@nestjs/core')).toBe(true);
    expect(await type('APIErrorResponse', './envelope.js')).toBe(false);
    expect(await type('TypedError', '../errors/typed-error.js')).toBe(true);
  });
});
