import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { environmentSchema, readConfig } from '../../src/process/config.ts'

const lines = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').split('\n')
const published = entriesOf(/^([A-Z_0-9]+)=(.*)$/)
/** As an operator would fill it in. */
const required = new Map([...published].map(([name, value]) => [name, value.replaceAll('change-me', 'filled-in')]))
const optional = entriesOf(/^# ([A-Z_0-9]+)=(.*)$/)

function entriesOf(pattern: RegExp): Map<string, string> {
  return new Map(
    lines.flatMap((line) => {
      const [, name, value] = pattern.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    }),
  )
}

test('.env.example shows every variable, and no other', () => {
  expect([...required.keys(), ...optional.keys()].sort()).toEqual(Object.keys(environmentSchema.shape).sort())
})

test('.env.example as it stands does not start: its secrets are public', () => {
  expect(() => readConfig(Object.fromEntries(published))).toThrow(
    'DIVAR_IDENTIFICATION_KEY: still holds the placeholder of .env.example\nDIVAR_API_KEY: still holds the placeholder of .env.example\nINTERNAL_API_KEYS: still holds the placeholder of .env.example',
  )
})

test('.env.example with its secrets filled in is a configuration that starts', () => {
  expect(readConfig(Object.fromEntries(required)).ignored).toEqual([])
})

test('the values of .env.example that are commented out are valid, and where there is a default they are it', () => {
  const plain = readConfig(Object.fromEntries(required))
  for (const [name, value] of optional) {
    const environment = { ...Object.fromEntries(required), [name]: value }
    const wasDefaulted = environmentSchema.safeParse(Object.fromEntries(required)).data?.[schemaKey(name)] !== undefined
    if (wasDefaulted) expect(readConfig(environment)).toEqual(plain)
    else expect(() => readConfig(environment)).not.toThrow()
  }
})

function schemaKey(name: string): keyof typeof environmentSchema.shape {
  const key = environmentSchema.keyof().safeParse(name).data
  if (key === undefined) throw new Error(`${name} is no variable`)
  return key
}
