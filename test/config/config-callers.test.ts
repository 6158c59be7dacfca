import { describe, expect, test } from '@jest/globals'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { describeConfig } from '../../src/config/describe-config.ts'
import { faultsOf } from '../support/config.ts'
import { environment } from '../support/gateway.ts'

const KEYS = 'orders:0123456789abcdef,crm:fedcba9876543210'

function permissionsOf(permissions: string | undefined): Record<string, string[]> {
  const { callerKeys } = readConfig({
    ...environment(),
    INTERNAL_API_KEYS: KEYS,
    CALLER_PERMISSIONS: permissions,
  })
  return Object.fromEntries(callerKeys.map(({ name, permissions: words }) => [name, [...words]]))
}

const faultsWith = (overrides: Environment) => faultsOf({ INTERNAL_API_KEYS: KEYS, ...overrides })

describe('CALLER_PERMISSIONS', () => {
  test('gives every caller send, consents, users and clicks while it is not set', () => {
    const words = ['send', 'consents', 'users', 'clicks']
    expect(permissionsOf(undefined)).toEqual({ orders: words, crm: words })
  })

  test('gives each caller the listed words only, around which blanks do not count', () => {
    expect(permissionsOf('orders=send;crm=send,users')).toEqual({ orders: ['send'], crm: ['send', 'users'] })
    expect(permissionsOf(' orders = platform , operate ; crm = ')).toEqual({ orders: ['platform', 'operate'], crm: [] })
  })

  test.each([
    ['an unknown word', 'orders=send;crm=sends'],
    ['an empty word', 'orders=send,;crm=send'],
    ['a caller twice', 'orders=send;crm=send;crm=users'],
    ['an entry without a name', 'orders=send;crm=send;=send'],
    ['an empty entry', 'orders=send;crm=send;'],
    ['a second equals sign', 'orders=send=users;crm=send'],
    ['a caller that has no key', 'orders=send;crm=send;ops-CANARY=operate'],
    ['a caller that is not named', 'orders=send'],
  ])('stops the start with %s', (_, permissions) => {
    const [fault, ...others] = faultsWith({ CALLER_PERMISSIONS: permissions })
    expect(fault).toMatch(/^CALLER_PERMISSIONS: /)
    expect(fault).not.toContain('CANARY')
    expect(others).toEqual([])
  })

  test('that forgets callers stops the start and names them', () => {
    expect(faultsWith({ CALLER_PERMISSIONS: 'crm=send' })).toEqual([
      'CALLER_PERMISSIONS: expected every caller; missing: orders',
    ])
  })
})

describe('INTERNAL_API_KEYS', () => {
  test('may name a caller twice, who is then listed once', () => {
    const twice = { INTERNAL_API_KEYS: `${KEYS},orders:0011223344556677` }
    expect(faultsWith(twice)).toEqual([])
    expect(describeConfig(readConfig({ ...environment(), ...twice }))).toMatchObject({ callers: ['orders', 'crm'] })
  })

  test('may not name a caller three times', () => {
    const thrice = `${KEYS},orders:0011223344556677,orders:8899aabbccddeeff`
    expect(faultsWith({ INTERNAL_API_KEYS: thrice })[0]).toMatch(
      /^INTERNAL_API_KEYS: entry 4 gives the same name a third key/,
    )
  })
})
