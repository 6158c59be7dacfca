import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from '@jest/globals'
import { readConfig } from '../../src/config/config.ts'
import { environmentSchema } from '../../src/config/schema.ts'

const lines = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').split('\n')
const published = entriesOf(/^([A-Z_0-9]+)=(.*)$/)
/** As an operator would fill it in. */
const required = new Map([...published].map(([name, value]) => [name, value.replaceAll('change-me', 'filled-in')]))
const optional = entriesOf(/^# ([A-Z_0-9]+)=(.*)$/)
/** What an operator makes, and no file can show. */
const made = new Map([
  ['TOKEN_ENCRYPTION_KEY', randomBytes(32).toString('base64')],
  ['STATUS_WEBHOOK_SECRET', `whsec_${randomBytes(32).toString('base64')}`],
  ['EVENTS_SECRET', `whsec_${randomBytes(32).toString('base64')}`],
  ['DIVAR_CLIENT_SECRET', 'filled-in'],
  ['BACKUP_DIR', tmpdir()],
])
/** The variables without which others would have no effect. */
const needed = new Map(
  [
    'DATABASE_URL',
    'STATUS_WEBHOOK_URL',
    'EVENTS_URL',
    'PUBLIC_URL',
    'DIVAR_APP_SLUG',
    'ACTION_URL',
    'RESOLVER_SECRET',
  ].map((name): [string, string] => [name, optional.get(name) ?? '']),
)

function entriesOf(pattern: RegExp): Map<string, string> {
  return new Map(
    lines.flatMap((line) => {
      const [, name, value] = pattern.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    }),
  )
}

test('.env.example has every variable and no other', () => {
  expect([...required.keys(), ...optional.keys()].sort()).toEqual(Object.keys(environmentSchema.shape).sort())
})

test('.env.example unchanged does not start: its secrets are public', () => {
  expect(() => readConfig(Object.fromEntries(published))).toThrow(
    'DIVAR_IDENTIFICATION_KEY: still holds the placeholder of .env.example\nDIVAR_API_KEY: still holds the placeholder of .env.example\nINTERNAL_API_KEYS: still holds the placeholder of .env.example',
  )
})

test('.env.example with a store enabled but otherwise unchanged does not start: its secrets are public', () => {
  for (const name of ['TOKEN_ENCRYPTION_KEY', 'STATUS_WEBHOOK_SECRET', 'EVENTS_SECRET', 'DIVAR_CLIENT_SECRET']) {
    const environment = { ...Object.fromEntries([...required, ...needed, ...made]), [name]: optional.get(name) }
    expect(() => readConfig(environment)).toThrow(`${name}: still holds the placeholder of .env.example`)
  }
})

test('.env.example with its secrets filled in is a configuration that starts', () => {
  expect(readConfig(Object.fromEntries(required)).ignored).toEqual([])
})

test('the commented values of .env.example are valid, and they are the defaults where there are any', () => {
  const whole = Object.fromEntries([...required, ...needed, ...made])
  const plain = readConfig(whole)
  expect(plain.ignored).toEqual([])
  for (const [name, value] of optional) {
    const environment = { ...whole, [name]: made.get(name) ?? value }
    const wasDefaulted = environmentSchema.safeParse(Object.fromEntries(required)).data?.[schemaKey(name)] !== undefined
    // Of PostgreSQL only, and the example is a SQLite file.
    const ignored = name === 'DATABASE_POOL_SIZE' ? [name] : []
    if (wasDefaulted) expect(readConfig(environment)).toEqual({ ...plain, ignored })
    else expect(() => readConfig(environment)).not.toThrow()
  }
})

function schemaKey(name: string): keyof typeof environmentSchema.shape {
  const key = environmentSchema.keyof().safeParse(name).data
  if (key === undefined) throw new Error(`${name} is no variable`)
  return key
}
