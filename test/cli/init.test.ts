import { readdirSync, readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import * as z from 'zod'
import { runCli, tempFolder } from '../support/command-line.ts'
import { configOf, variablesOf } from '../support/deploy.ts'

const FILES = ['.env', '.gitignore', 'compose.yaml']
const read = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8')

/** What .env and `over` make; the resolver's file is found in the folder wherever it is named to be. */
function configIn(folder: string, over: Record<string, string> = {}) {
  const variables = { ...variablesOf(read(folder, '.env')), ...over }
  const named = variables['RESOLVER_MODULE'] ?? ''
  return { named, config: configOf({ ...variables, RESOLVER_MODULE: join(folder, basename(named)) }) }
}

test('init writes a configuration that starts, with fresh keys that only the user can read', async () => {
  const [folder, other] = [await tempFolder(), await tempFolder()]
  for (const one of [folder, other]) {
    const { code, err } = await runCli('init', one)
    expect([code, err]).toEqual([0, ''])
  }
  const { named, config } = configIn(folder)
  expect(named).toBe('./resolver.mts')
  expect(config).toMatchObject({ resolver: { kind: 'module' }, host: '127.0.0.1' })
  const keys = ({ identificationKeys, divarApiKey, callerKeys, store }: typeof config) => [
    ...[...identificationKeys, divarApiKey, ...callerKeys.map(({ key }) => key)],
    ...(store?.keys ?? []).map(String),
  ]
  const both = [...keys(config), ...keys(configIn(other).config)]
  expect(both).toHaveLength(8)
  expect(new Set(both).size).toBe(8)
  expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600)
  expect(read(folder, '.gitignore').split('\n')).toContain('.env')
})

test.each([
  ['TypeScript in a package that has no type', [], '{}', '.mts'],
  ['JavaScript in a package that has no type', ['--js'], '{}', '.mjs'],
  ['JavaScript in a package of ES modules', ['--js'], '{ "type": "module" }', '.js'],
  ['TypeScript in a package of ES modules', [], '{ "type": "module" }', '.ts'],
  ['TypeScript in a package of CommonJS', [], '{ "type": "commonjs" }', '.mts'],
  ['JavaScript in a package of CommonJS', ['--js'], '{ "type": "commonjs" }', '.mjs'],
])('init writes a resolver and its test for %s, and prints the next commands', async (_, args, manifest, extension) => {
  const folder = await tempFolder()
  await writeFile(join(folder, 'package.json'), manifest)
  const { code, out } = await runCli('init', folder, ...args)
  expect(code).toBe(0)
  const resolver = [`resolver${extension}`, `resolver.test${extension}`]
  expect(readdirSync(folder).sort()).toEqual([...FILES, ...resolver, 'package.json'].sort())
  expect(out).toContain(`npx kenar-chat-gateway dev resolver${extension} --open\n`)
  expect(out).toContain(`node --test resolver.test${extension}\n`)
})

test('init never overwrites a file, says which it kept, and writes the others', async () => {
  const folder = await tempFolder()
  await writeFile(join(folder, '.env'), 'MINE=1')
  const { code, out } = await runCli('init', folder)
  expect(code).toBe(0)
  expect(read(folder, '.env')).toBe('MINE=1')
  expect(out).toContain('kept     .env (it was there)\n')
  expect(out).toContain('written  compose.yaml\n')
})

test('the command that init prints goes to a folder whose name a shell would read otherwise', async () => {
  const folder = join(await tempFolder(), "it's mine")
  const { out } = await runCli('init', folder)
  expect(out).toMatch(/cd '.*\/it'\\''s mine'\n/)
})

test('init says in one sentence that a folder cannot be written', async () => {
  const file = join(await tempFolder(), 'a-file')
  await writeFile(file, '')
  const { code, err } = await runCli('init', file)
  expect(code).toBe(2)
  expect(err.split('\n')).toHaveLength(1)
})

test('compose.yaml of init is a configuration that starts in the container, hardened, with the resolver mounted', async () => {
  const folder = await tempFolder()
  await runCli('init', folder)
  const { services, volumes } = z
    .object({
      services: z.strictObject({
        gateway: z.looseObject({
          env_file: z.literal('.env'),
          environment: z.record(z.string(), z.string()),
          volumes: z.array(z.string()),
          ports: z.array(z.string()),
          read_only: z.literal(true),
          cap_drop: z.tuple([z.literal('ALL')]),
        }),
      }),
      volumes: z.record(z.string(), z.null()),
    })
    .parse(parse(read(folder, 'compose.yaml')))
  const { environment, volumes: mounts, ports } = services.gateway
  const { named, config } = configIn(folder, environment)
  expect(named).toBe('/app/resolver.mts')
  expect(config).toMatchObject({ host: '0.0.0.0', port: 3000 })
  expect(config.store?.database).toEqual({ kind: 'sqlite', file: '/data/gateway.db' })
  expect(mounts).toEqual(['./resolver.mts:/app/resolver.mts:ro', 'data:/data'])
  expect(Object.keys(volumes)).toEqual(['data'])
  expect(ports).toEqual(['127.0.0.1:3000:3000'])
})
