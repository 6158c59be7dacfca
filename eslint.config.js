import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

/** The folders of src, lowest layer first. A folder imports only from earlier rows; folders of one row do not import each other. */
const layers = [
  ['ui'],
  ['base'],
  ['observability'],
  ['outbound', 'http'],
  ['access', 'store'],
  ['click', 'message', 'event', 'scope', 'tracing'],
  ['timeline'],
  ['divar'],
  ['resolver'],
  ['consent'],
  ['outbox'],
  ['session', 'actions', 'messages', 'events', 'subscriptions', 'platform', 'operations', 'reference', 'erasure'],
  ['console'],
  ['config'],
  ['app'],
  ['testing'],
  ['cli'],
]

/** Programs of their own, which the container image does not contain. Only the command line starts them. */
const programs = ['simulator', 'demo', 'dev']

const oneWay = layers.flatMap((folders, level) =>
  folders.map((folder) => ({
    target: `./src/${folder}`,
    from: [
      ...layers.slice(level + 1).flat(),
      ...folders.filter((neighbour) => neighbour !== folder),
      ...(folder === 'cli' ? [] : programs),
    ].map((other) => `./src/${other}`),
    message: `src/${folder} may not import from there: see the layers in docs/architecture.md.`,
  })),
)

/** Only documented parts of Node and of libraries are used: docs/decisions/0018-public-apis-only.md. */
const privateParts = [
  {
    selector: ':matches(MemberExpression[property.name=/^_/], MemberExpression[property.value=/^_/])',
    message: 'A member that begins with _ is private to Node or to its library.',
  },
  {
    selector: ':matches(MethodDefinition, PropertyDefinition)[key.name=/^_/]',
    message: 'A member that begins with _ is private to Node or to its library.',
  },
  { selector: "MemberExpression[object.name='Reflect']", message: 'Reflect bypasses types and private members.' },
  {
    selector: "MemberExpression[property.name='getBuiltinModule']",
    message: 'Import the module.',
  },
]

export default defineConfig(
  { ignores: ['dist', 'dist-*', 'coverage', 'bench/node_modules'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'scripts/image/healthcheck.js', 'examples/*.mjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })] },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      '@typescript-eslint/no-floating-promises': 'error',
      // The compiler forbids enums here (erasableSyntaxOnly), and this rule asks for the type of every expression.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-self-import': 'error',
      'import-x/no-extraneous-dependencies': [
        'error',
        { devDependencies: ['test/**', 'prove/**', 'bench/**', 'scripts/**', '*.config.*'] },
      ],
      'max-lines': ['error', { max: 250 }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**'],
    rules: {
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            ...oneWay.filter(({ from }) => from.length > 0),
            { target: './src/dev', from: ['./src/cli', './src/demo'], message: 'src/dev is below the command line.' },
            // The simulator shares no code with the gateway, so that the same mistake cannot be in both.
            {
              target: './src/simulator',
              from: './src',
              except: ['./simulator', './ui'],
              message: 'The simulator imports nothing from other folders of src but ui.',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only src/config/config.ts reads the environment.' },
      ],
      'no-restricted-syntax': ['error', ...privateParts],
      'no-restricted-imports': ['error', { patterns: ['undici/*', 'pino/*', 'express/*', 'zod/*'] }],
    },
  },
  {
    files: ['scripts/**/*.js', 'examples/**', 'bench/servers/**'],
    languageOptions: {
      globals: Object.fromEntries(
        ['AbortSignal', 'Buffer', 'fetch', 'process', 'setTimeout', 'URL'].map((name) => [name, 'readonly']),
      ),
    },
  },
  { files: ['src/config/config.ts'], rules: { 'no-restricted-properties': 'off' } },
  // Plain JavaScript, as the readers of these files write it.
  { files: ['examples/**', 'bench/servers/**'], extends: [tseslint.configs.disableTypeChecked] },
)
