/** What may import what. `npm run boundaries` fails on anything else; STYLE: boundaries are checked, not remembered. */

const ENGINE = '^packages/embedded-firestore/src/';
/** The engine's doors: gRPC handlers, the thread, the entry points. Everything else in it is its core. */
const ENGINE_DOORS = `${ENGINE}(grpc/|index\\.ts$|worker[^/]*\\.ts$|cli[^/]*\\.ts$)`;
/** A feature's front door. */
const PUBLIC = '\\.(service|module|errors|dto)\\.ts$';
const SPEC = '\\.(spec|e2e-spec|test)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'A circle has no beginning: its modules see each other half-loaded, and nobody can read one of them alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'features-without-cycles',
      comment:
        'Features that need each other, whichever their files, are one feature, or want a third below both.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/features/[^/]+$' },
      to: { circular: true },
    },
    {
      name: 'feature-through-its-front-door',
      comment:
        'Features know of each other: service, module, errors, DTOs. Documents and repositories are private.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/', pathNot: ['^src/features/$1/', PUBLIC] },
    },
    {
      name: 'transports-through-the-front-door',
      comment: 'Transports are other doors to the services of the features, and do not know of each other.',
      severity: 'error',
      from: { path: '^src/transports/([^/]+)/' },
      to: {
        path: '^src/(features|transports)/',
        pathNot: ['^src/transports/$1/', `^src/features/.*${PUBLIC}`],
      },
    },
    {
      name: 'features-know-no-transport',
      severity: 'error',
      from: { path: '^src/features/' },
      to: { path: '^src/transports/' },
    },
    {
      name: 'core-knows-no-feature',
      comment: 'Every feature stands on the core; it must not lean back on them.',
      severity: 'error',
      from: { path: '^src/core/', pathNot: SPEC },
      to: { path: '^src/(features|transports|commands|app|start|main)' },
    },
    {
      name: 'config-stands-alone',
      comment: 'Configuration is loaded before anything else exists.',
      severity: 'error',
      from: { path: '^src/config/', pathNot: SPEC },
      to: { path: '^src/', pathNot: ['^src/config/', '^src/core/(validation|errors)/'] },
    },
    {
      name: 'main-imports-nothing-new',
      comment:
        'An older Node.js must get as far as the message of node-version.ts; the rest is imported after it.',
      severity: 'error',
      from: { path: '^src/(main|config/(lean-start|node-version))\\.ts$' },
      to: { pathNot: '^src/config/(lean-start|node-version)\\.ts$', dynamic: false },
    },
    {
      name: 'commands-and-start-are-entries',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(main|commands/)', SPEC] },
      to: { path: '^src/(main|start|commands/)' },
    },
    {
      name: 'documentation-is-loaded-late',
      comment:
        'Large and seldom asked for. Decorators are in core/openapi/api.decorators, mapped types in core/validation.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/core/openapi/|^src/commands/openapi\\.ts$' },
      to: {
        path: '(^|/)(@nestjs/swagger|js-yaml)(/|$)|^src/core/openapi/openapi\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'firestore-is-loaded-late',
      comment: 'Half of what a start would load. Its classes are properties of firestoreLibrary().',
      severity: 'error',
      from: { path: '^src/core/', pathNot: ['/firestore-(client\\.module|library)\\.ts$', SPEC] },
      to: { path: 'node_modules/firebase-admin/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'engine-core-free-of-grpc-and-nest',
      comment: 'The engine decides; src/grpc only decodes, calls and encodes.',
      severity: 'error',
      from: { path: ENGINE, pathNot: [ENGINE_DOORS, SPEC] },
      to: { path: ['node_modules/@(grpc|nestjs|google-cloud)/', ENGINE_DOORS] },
    },
    {
      name: 'engine-core-reads-and-writes-bytes-only',
      comment:
        'protobufjs/minimal is a reader and a writer of bytes; the rest of protobufjs serves the gRPC side.',
      severity: 'error',
      from: { path: ENGINE, pathNot: [ENGINE_DOORS, SPEC] },
      to: { path: 'node_modules/protobufjs/(?!minimal)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-know-no-service',
      comment: 'A package can be published and used without this service.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: ['^src/', '^test/', '^packages/'], pathNot: '^packages/$1/' },
    },
    {
      name: 'packages-by-their-name',
      comment: 'The service uses a package as anybody would: by its name and its `exports`.',
      severity: 'error',
      from: { path: '^(src|test|scripts)/' },
      to: { path: '^packages/', dependencyTypes: ['local'], dependencyTypesNot: ['aliased-workspace'] },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^(src|scripts|packages/[^/]+/src)/', pathNot: SPEC },
      to: { path: ['(^|/)test/', SPEC] },
    },
    {
      name: 'service-imports-no-dev-dependency',
      comment: 'The image has production dependencies only.',
      severity: 'error',
      from: { path: '^(src|packages/[^/]+/src)/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'declared-dependencies',
      comment: 'What is imported is in package.json, not there by accident of another package.',
      severity: 'error',
      from: { path: '^(src|scripts|test|packages)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Type-only imports count: a boundary is about knowledge, not about what is loaded.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
      extensions: ['.ts', '.js', '.d.ts', '.json'],
    },
  },
};
