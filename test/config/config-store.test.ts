import { describe, expect, test } from '@jest/globals'
import { describeConfig } from '../../src/config/describe-config.ts'
import { configOf, faultsOf } from '../support/config.ts'

const STORE = { DATABASE_URL: 'file:gateway.db', TOKEN_ENCRYPTION_KEY: Buffer.alloc(32, 251).toString('base64') }
const POSTGRES = { ...STORE, DATABASE_URL: 'postgres://gateway@database.internal/gateway' }

describe('the app’s own limits at Divar', () => {
  test('are off by default, may be set alone or together, and are shown at the start', () => {
    expect(configOf(STORE).store?.sendLimits).toBeUndefined()
    expect(describeConfig(configOf(STORE))).toMatchObject({ divar_sends_per_minute: 'unlimited' })
    const one = configOf({ ...STORE, DIVAR_SENDS_PER_DAY: '5000' })
    expect(one.store?.sendLimits).toEqual({ perMinute: undefined, perDay: 5000 })
    const both = configOf({ ...STORE, DIVAR_SENDS_PER_MINUTE: '120', DIVAR_SENDS_PER_DAY: '5000' })
    expect(describeConfig(both)).toMatchObject({ divar_sends_per_minute: 120, divar_sends_per_day: 5000 })
  })

  test('need a store, where sends are counted', () => {
    expect(faultsOf({ DIVAR_SENDS_PER_MINUTE: '120', DIVAR_SENDS_PER_DAY: '5000' })).toEqual([
      'DIVAR_SENDS_PER_MINUTE: needs DATABASE_URL, where sends are counted',
      'DIVAR_SENDS_PER_DAY: needs DATABASE_URL, where sends are counted',
    ])
    expect(faultsOf({ DIVAR_SENDS_PER_MINUTE: '0' })).toEqual([])
    expect(faultsOf({ ...STORE, DIVAR_SENDS_PER_MINUTE: 'many' })).toEqual([
      'DIVAR_SENDS_PER_MINUTE: expected a number of messages from 0 to 1000000',
    ])
  })
})

describe('the connections to a store', () => {
  test('in PostgreSQL are as many as DATABASE_POOL_SIZE says, from 1 to 500, by default 10', () => {
    expect(configOf(POSTGRES).store?.database).toMatchObject({ poolSize: 10 })
    expect(configOf({ ...POSTGRES, DATABASE_POOL_SIZE: '500' }).store?.database).toMatchObject({ poolSize: 500 })
    expect(describeConfig(configOf(POSTGRES))).toMatchObject({ database_pool_size: 10 })
    for (const wrong of ['0', '501'])
      expect(faultsOf({ ...POSTGRES, DATABASE_POOL_SIZE: wrong })).toEqual([
        'DATABASE_POOL_SIZE: expected a number of connections from 1 to 500',
      ])
  })

  test('cannot be set for SQLite: the variable is reported as ignored', () => {
    expect(configOf({ ...STORE, DATABASE_POOL_SIZE: 'wrong' }).ignored).toEqual(['DATABASE_POOL_SIZE'])
  })
})
