import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { ConfigError, readConfig, type Environment } from '../../src/config/config.ts'
import { environment } from '../support/gateway.ts'

const secretOf = (bytes: number) => `whsec_${randomBytes(bytes).toString('base64')}`
const SECRET = secretOf(32)
const WITH_EVENTS: Environment = {
  ...environment(),
  DATABASE_URL: 'file:gateway.db',
  TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  EVENTS_URL: 'http://events.internal:8090/divar?a=b',
  EVENTS_SECRET: SECRET,
}

function errorsOf(more: Environment): readonly string[] {
  try {
    readConfig({ ...WITH_EVENTS, ...more })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.errors
    throw error
  }
}

describe('events', () => {
  test('are passed on, all types of them, and 20,000 may wait, unless it is set otherwise', () => {
    const url = new URL('http://events.internal:8090/divar?a=b')
    const set = { EVENTS_TYPES: 'new_message, Odd.Type', EVENTS_QUEUE_LIMIT: '7' }
    expect(readConfig(WITH_EVENTS).store?.events).toEqual({
      url,
      secrets: [SECRET],
      types: undefined,
      queueLimit: 20_000,
    })
    expect(readConfig({ ...WITH_EVENTS, ...set }).store?.events).toEqual({
      url,
      secrets: [SECRET],
      types: new Set(['NEW_MESSAGE', 'ODD.TYPE']),
      queueLimit: 7,
    })
    expect(readConfig({ ...WITH_EVENTS, EVENTS_URL: undefined }).store?.events).toBeUndefined()
  })

  test('are signed with one secret of 24 to 64 bytes, or with two', () => {
    for (const secrets of [[secretOf(24)], [secretOf(64)], [SECRET, secretOf(40)]]) {
      expect(readConfig({ ...WITH_EVENTS, EVENTS_SECRET: secrets.join(' , ') }).store?.events?.secrets).toEqual(secrets)
    }
  })

  test.each<[string, Environment, RegExp]>([
    ['no secret', { EVENTS_SECRET: undefined }, /^EVENTS_SECRET: EVENTS_URL needs it/],
    ['no store', { DATABASE_URL: undefined, TOKEN_ENCRYPTION_KEY: undefined }, /^EVENTS_URL: needs DATABASE_URL/],
    [
      'a short secret',
      { EVENTS_SECRET: secretOf(23) },
      /^EVENTS_SECRET: .*expected whsec_ and base64 of 24 to 64 bytes/,
    ],
    ['a long secret', { EVENTS_SECRET: secretOf(65) }, /^EVENTS_SECRET: .*expected/],
    ['a secret without whsec_', { EVENTS_SECRET: SECRET.slice(6) }, /^EVENTS_SECRET: .*expected/],
    ['one secret twice', { EVENTS_SECRET: `${SECRET},${SECRET}` }, /^EVENTS_SECRET: .*expected/],
    ['three secrets', { EVENTS_SECRET: [32, 33, 34].map(secretOf).join(',') }, /^EVENTS_SECRET: .*expected/],
    ['a URL that is none', { EVENTS_URL: 'events.internal' }, /^EVENTS_URL: .*expected/],
    ['an empty type', { EVENTS_TYPES: 'NEW_MESSAGE,' }, /^EVENTS_TYPES: .*expected types of events/],
    ['a type with a blank', { EVENTS_TYPES: 'NEW MESSAGE' }, /^EVENTS_TYPES: .*expected types of events/],
    ['room for none', { EVENTS_QUEUE_LIMIT: '0' }, /^EVENTS_QUEUE_LIMIT: .*expected/],
  ])('stop the start with %s', (_, more, error) => {
    const errors = errorsOf(more)
    expect(errors).toEqual([expect.stringMatching(error)])
    expect(errors.join()).not.toContain(SECRET.slice(6))
  })
})
