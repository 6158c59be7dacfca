import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { environmentSchema } from '../../src/config/schema.ts'
import { SECRETS } from '../../src/config/secret-files.ts'
import { faultsOf } from '../support/config.ts'
import { environment } from '../support/gateway.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kenar-secrets-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

let files = 0
function fileOf(content: string | Buffer): string {
  files += 1
  const path = join(folder, String(files))
  writeFileSync(path, content)
  return path
}

/** A valid value of each secret, in an environment where it has an effect. */
const VALUES: Record<string, string> = {
  DIVAR_IDENTIFICATION_KEY: 'a key with blanks',
  DIVAR_IDENTIFICATION_KEY_NEXT: 'کلید بعدی',
  DIVAR_API_KEY: 'divar-api-key',
  INTERNAL_API_KEYS: 'orders:0123456789abcdef',
  DIVAR_CLIENT_SECRET: 'client-secret',
  TOKEN_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  RESOLVER_SECRET: 'resolver-secret',
  STATUS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 8).toString('base64')}`,
  EVENTS_SECRET: `whsec_${Buffer.alloc(32, 9).toString('base64')}`,
  DATABASE_URL: 'file:gateway.db',
}
const WHOLE: Environment = {
  ...environment(),
  RESOLVER: 'forward',
  RESOLVER_URL: 'http://127.0.0.1:9/resolve',
  LANDING_URL_TEMPLATE: undefined,
  STATUS_WEBHOOK_URL: 'http://127.0.0.1:9/status',
  EVENTS_URL: 'http://127.0.0.1:9/events',
  PUBLIC_URL: 'https://chat.example.com',
  DIVAR_APP_SLUG: 'app',
  ...VALUES,
}

const without = (name: string): Environment => ({ ...WHOLE, [name]: undefined })

const faultsIn = (given: Environment) => faultsOf({}, given)

test('every secret has a value here, and is a variable of the gateway', () => {
  expect(Object.keys(VALUES)).toEqual(SECRETS)
  expect(Object.keys(environmentSchema.shape)).toEqual(expect.arrayContaining([...SECRETS]))
})

describe.each(Object.entries(VALUES))('%s_FILE', (name, value) => {
  const fromFile = (content: string | Buffer) => ({ ...without(name), [`${name}_FILE`]: fileOf(content) })

  test.each(['', '\n', '\r\n', '\n\r\n\n'])(
    'gives the same configuration as the variable, before line ends (%j)',
    (ends) => {
      expect(readConfig(fromFile(value + ends))).toEqual(readConfig(WHOLE))
    },
  )

  test('may be a link, as Kubernetes mounts secrets', () => {
    const link = join(folder, `link-${name}`)
    symlinkSync(fileOf(value), link)
    expect(readConfig({ ...without(name), [`${name}_FILE`]: link })).toEqual(readConfig(WHOLE))
  })

  test('beside the variable stops the start', () => {
    expect(faultsIn({ ...WHOLE, [`${name}_FILE`]: fileOf(value) })).toEqual([
      `${name}_FILE: ${name} is set too; expected one of the two`,
    ])
  })

  test('with a file that is missing, empty, too large, not UTF-8 or no file stops the start with that one fault', () => {
    const pipe = join(folder, `pipe-${name}`)
    execFileSync('mkfifo', [pipe])
    const faults = [join(folder, 'CANARY'), folder, pipe].flatMap((path) =>
      faultsIn({ ...without(name), [`${name}_FILE`]: path }),
    )
    expect(faults).toEqual([
      `${name}_FILE: its file cannot be read (ENOENT)`,
      `${name}_FILE: expected a regular file`,
      `${name}_FILE: expected a regular file`,
    ])
    expect(faultsIn(fromFile(''))).toEqual([`${name}_FILE: its file is empty`])
    expect(faultsIn(fromFile(' \n\n'))).toEqual([`${name}_FILE: its file is empty`])
    expect(faultsIn(fromFile('x'.repeat(65_537)))).toEqual([`${name}_FILE: expected a file of at most 64 KiB`])
    expect(faultsIn(fromFile(Buffer.from([0x61, 0xff])))).toEqual([`${name}_FILE: expected a file in UTF-8`])
  })

  test('with a placeholder stops the start and names the variable, not the content', () => {
    const [fault = '', ...others] = faultsIn(fromFile(`${value}change-me`)).filter((line) =>
      line.includes('placeholder'),
    )
    expect([fault, others]).toEqual([`${name}_FILE: still holds the placeholder of .env.example`, []])
  })
})

test('a file of exactly 64 KiB is read, line ends included', () => {
  const key = 'k'.repeat(65_535)
  const config = readConfig({ ...without('DIVAR_API_KEY'), DIVAR_API_KEY_FILE: fileOf(`${key}\n`) })
  expect(config.divarApiKey).toBe(key)
})

test('an invalid content is a fault of the file variable and is never repeated', () => {
  const faults = faultsIn({
    ...without('INTERNAL_API_KEYS'),
    INTERNAL_API_KEYS_FILE: fileOf('orders:CANARY'),
  })
  expect(faults).toEqual([
    expect.stringMatching(
      /^INTERNAL_API_KEYS_FILE: it has a key that is too short: 6 of 16 characters; expected name:key/,
    ),
  ])
  expect(faults.join()).not.toContain('CANARY')
})

test('a file for a secret that has no effect is reported as ignored, and is not read', () => {
  const ignored = [
    'DATABASE_URL_FILE',
    'RESOLVER_SECRET_FILE',
    'DIVAR_CLIENT_SECRET_FILE',
    'STATUS_WEBHOOK_SECRET_FILE',
    'EVENTS_SECRET_FILE',
  ]
  const [, ...withoutEffect] = ignored
  const missing = Object.fromEntries(withoutEffect.map((name) => [name, join(folder, 'missing')]))
  expect(readConfig({ ...environment(), ...missing }).ignored.toSorted()).toEqual(withoutEffect.toSorted())
})

test('DATABASE_URL_FILE is a store: what needs one has an effect', () => {
  const { ignored, store } = readConfig({ ...without('DATABASE_URL'), DATABASE_URL_FILE: fileOf('file:gateway.db\n') })
  expect(ignored).toEqual([])
  expect(store?.database).toEqual({ kind: 'sqlite', file: 'gateway.db' })
})

test('a key in quotes in a file is reported as suspect', () => {
  const { suspectKeys } = readConfig({
    ...without('DIVAR_IDENTIFICATION_KEY'),
    DIVAR_IDENTIFICATION_KEY_FILE: fileOf('"key"\n'),
  })
  expect(suspectKeys).toEqual(['DIVAR_IDENTIFICATION_KEY_FILE'])
})
