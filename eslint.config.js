import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const environment =
  'Only src/config, src/start.ts and the commands read the environment; inject Settings instead.';

export default defineConfig(
  globalIgnores(['**/dist/', '**/.build/', '**/coverage/', '**/.data/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      complexity: ['error', 15],
      'max-depth': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      // Promises are awaited or returned for what they give, not for the sake of the keyword: interfaces want promises.
      '@typescript-eslint/require-await': 'off',
      // Nest reads the classes of decorated signatures at run time, which `import type` would erase. So this rule must
      // stay off; test/architecture/erased-types.spec.ts reports the imports that erase one.
      '@typescript-eslint/consistent-type-imports': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'packages/*/src/**/*.ts'],
    ignores: ['src/config/**', 'src/start.ts', 'src/commands/**', '**/cli*.ts', '**/*.spec.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: environment }],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:process', importNames: ['env'], message: environment }] },
      ],
    },
  },
  {
    files: ['src/**/*.controller.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MethodDefinition[decorators.length>4]',
          message:
            'At most four decorators per handler: compose those that belong together into one with a good name.',
        },
      ],
    },
  },
  {
    // The packages have no logger; what they must say goes to standard error.
    files: ['packages/*/src/**/*.ts'],
    rules: { 'no-console': ['error', { allow: ['warn', 'error'] }] },
  },
  {
    // What talks to a person on a terminal.
    files: [
      'src/config/node-version.ts',
      'src/start.ts',
      'src/commands/**',
      'scripts/**',
      'bench/**',
      '**/cli*.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.{spec,e2e-spec,test}.ts', '**/test/**'],
    rules: {
      // `describe` is one long function, a model to compare with is one long switch, and assertions look into answers of
      // any shape.
      complexity: 'off',
      'no-console': 'off',
      'max-lines-per-function': 'off',
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Not a workspace: what it measures itself against is installed only by who measures, so its types are unknown here.
    files: ['bench/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: { 'no-console': 'off', '@typescript-eslint/switch-exhaustiveness-check': 'off' },
  },
);
