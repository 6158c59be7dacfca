import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as z from 'zod'

const execute = promisify(execFile)
const packages = fileURLToPath(new URL('../../node_modules', import.meta.url))
const KIT = '{ clickV2, defineResolver, ResolverError, runResolver }'

/** The same three tests in each framework, in plain JavaScript that is TypeScript too. */
const TESTS = `
const resolve = defineResolver(({ data }) => ({ url: 'https://app.example.com/orders/' + String(data['order_id']), scopes: ['chat'] }))
const click = clickV2({ extra_data: { order_id: 'B-7' } })
const run = (allowedOrigins) => runResolver(resolve, click, { allowedOrigins })

test('a landing comes back checked', async () => {
  const { url } = await run(['https://app.example.com'])
  if (url !== 'https://app.example.com/orders/B-7') throw new Error(url)
})

test('a landing elsewhere is refused with an error of the kit', async () => {
  const error = await run('https://other.example').then(String, (reason) => reason)
  if (!(error instanceof ResolverError)) throw new Error(String(error))
})

test('a resolver that is late is refused', async () => {
  const late = runResolver(() => new Promise(() => {}), click, { timeoutMs: 20 })
  const error = await late.then(String, (reason) => reason)
  if (!(error instanceof ResolverError)) throw new Error(String(error))
})
`
const TYPED_TESTS = TESTS.replace('(allowedOrigins)', '(allowedOrigins: string | string[])').replaceAll(
  '(reason) => reason',
  '(reason: unknown) => reason',
)
const ES_IMPORT = `import ${KIT} from 'kenar-chat-gateway/testing'\n`
const REQUIRE = `const ${KIT} = require('kenar-chat-gateway/testing')\n`

export type Project = {
  files: Record<string, string>
  program?: string
  args?: readonly string[]
  flags?: readonly string[]
}

type Ended = { status: number | null; output: string }

const JEST = 'jest/bin/jest.js'
const TSC = 'typescript/bin/tsc'

/** Each with the framework's defaults. */
export const FRAMEWORKS = {
  'Jest as it is installed': {
    files: { 'resolver.test.js': REQUIRE + TESTS },
    program: JEST,
  },
  'Jest with ts-jest': {
    files: {
      'jest.config.js': `module.exports = { preset: 'ts-jest' }`,
      'tsconfig.json': '{ "compilerOptions": { "strict": true, "esModuleInterop": true, "types": ["node"] } }',
      'resolver.test.ts': `import { test } from '@jest/globals'\n` + ES_IMPORT + TYPED_TESTS,
    },
    program: JEST,
  },
  'Jest with ES modules': {
    files: { 'package.json': '{ "type": "module" }', 'resolver.test.js': ES_IMPORT + TESTS },
    program: JEST,
    flags: ['--experimental-vm-modules'],
  },
  Vitest: {
    files: {
      'package.json': '{ "type": "module" }',
      'resolver.test.ts': `import { test } from 'vitest'\n` + ES_IMPORT + TYPED_TESTS,
    },
    program: 'vitest/vitest.mjs',
    args: ['run'],
  },
  'node:test with ES modules': {
    files: { 'resolver.test.mjs': `import { test } from 'node:test'\n` + ES_IMPORT + TESTS },
    flags: ['--test'],
  },
  'node:test with CommonJS': {
    files: { 'resolver.test.cjs': `const { test } = require('node:test')\n` + REQUIRE + TESTS },
    flags: ['--test'],
  },
} satisfies Record<string, Project>

const TYPES = readFileSync(new URL('../testing/resolver-types.ts', import.meta.url), 'utf8')
  .replace('../../src/index.ts', 'kenar-chat-gateway')
  .replace('../../src/testing/index.ts', 'kenar-chat-gateway/testing')

function compile(module: string, files: Record<string, string>, options: Record<string, unknown> = {}) {
  const common = { target: 'es2024', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] }
  const compilerOptions = { module, ...common, ...options }
  return { files: { 'tsconfig.json': JSON.stringify({ compilerOptions }), ...files } }
}

/** The kit's types under each setting that a project may have, imported and required. */
export const COMPILERS = {
  'module node16': compile('node16', { 'a.mts': TYPES, 'b.cts': TYPES }),
  'module nodenext': compile('nodenext', { 'a.mts': TYPES, 'b.cts': TYPES }, { skipLibCheck: false }),
  'module preserve, as bundlers have it': compile('preserve', {
    'a.ts': TYPES,
    'b.cts': `import kit = require('kenar-chat-gateway/testing')\nkit.clickV1({ user_id: 'u-1' })\n`,
  }),
  'module commonjs, as older projects have it': compile(
    'commonjs',
    { 'a.ts': TYPES },
    { moduleResolution: 'node10', ignoreDeprecations: '6.0' },
  ),
} satisfies Record<string, Pick<Project, 'files'>>

/** Installs a package, from the archive that would be published, beside projects that use it. */
export async function installPackage(from: string, projects: string): Promise<void> {
  const installed = join(projects, 'node_modules', 'kenar-chat-gateway')
  mkdirSync(installed, { recursive: true })
  const { stdout } = await execute('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', projects], {
    cwd: from,
  })
  await execute('tar', ['-xzf', join(projects, stdout.trim()), '-C', installed, '--strip-components=1'])
}

/** Runs a project that has the package installed. */
export async function runProject(
  projects: string,
  name: string,
  { files, program, args = [], flags = [] }: Project,
): Promise<Ended> {
  return run(writeProject(projects, name, files), [
    ...flags,
    ...(program === undefined ? [] : [join(packages, program)]),
    ...args,
  ])
}

/** Compiles all of COMPILERS in one process, which reads the libraries of the language once. Resolves with the errors of each project. */
export async function compileProjects(projects: string): Promise<Ended & { errorsOf: (name: string) => string[] }> {
  for (const [name, { files }] of Object.entries(COMPILERS)) writeProject(projects, name, files)
  const folders = Object.keys(COMPILERS).map(folderOf)
  const ended = await run(projects, [join(packages, TSC), '--build', '--pretty', 'false', ...folders])
  const lines = ended.output.split('\n')
  return { ...ended, errorsOf: (name) => lines.filter((line) => line.startsWith(`${folderOf(name)}/`)) }
}

function folderOf(name: string): string {
  return name.replaceAll(/\W+/g, '-')
}

function writeProject(projects: string, name: string, files: Record<string, string>): string {
  const folder = join(projects, folderOf(name))
  mkdirSync(folder)
  // Its own package.json, also because a package's own files find it by its name without an installation.
  for (const [file, text] of Object.entries({ 'package.json': '{}', ...files })) writeFileSync(join(folder, file), text)
  return folder
}

async function run(cwd: string, words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, words, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += String(text)))
  const [status] = z.tuple([z.number().nullable(), z.unknown()]).parse(await once(child, 'close'))
  return { status, output }
}
