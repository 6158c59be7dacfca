import { describe, expect, test } from '@jest/globals'
import { ConfigError, readConfig, type Environment } from '../../src/process/config.ts'
import { environment } from '../support/gateway.ts'

function faultsOf(overrides: Environment, from: Environment = environment()): readonly string[] {
  try {
    readConfig({ ...from, ...overrides })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

describe('a configuration', () => {
  test('of the required variables alone has the documented defaults', () => {
    const { HOST: _host, PORT: _port, DIVAR_V1_API_URL: _v1, DIVAR_API_URL: _v2, ...required } = environment()
    expect(readConfig(required)).toMatchObject({
      host: '0.0.0.0',
      port: 3000,
      divarV1ApiUrl: new URL('https://api.divar.ir'),
      divarApiUrl: new URL('https://open-api.divar.ir'),
      divarTimeoutMs: 5000,
      resolverTimeoutMs: 1500,
      shutdownGraceMs: 8000,
      logLevel: 'info',
      ignored: [],
    })
  })

  test('takes an empty variable for an absent one', () => {
    expect(readConfig({ ...environment(), PORT: '', FALLBACK_LANDING_URL: ' ' })).toMatchObject({ port: 3000 })
    expect(faultsOf({ DIVAR_API_KEY: '' })).toEqual([expect.stringMatching(/^DIVAR_API_KEY: missing/)])
  })

  test('does not count blanks around a value', () => {
    const blanks = Object.fromEntries(
      Object.entries(environment()).map(([name, value]) => [name, ` ${value ?? ''} \r`]),
    )
    expect(readConfig(blanks)).toEqual(readConfig(environment()))
  })

  test("is not disturbed by another resolver's variables, however wrong", () => {
    expect(readConfig({ ...environment(), RESOLVER_URL: 'not a url', RESOLVER_SECRET: 'a b' }).ignored).toEqual([
      'RESOLVER_URL',
      'RESOLVER_SECRET',
    ])
  })

  test('splits name:key at the first colon', () => {
    expect(
      readConfig({ ...environment(), INTERNAL_API_KEYS: 'a:0123456789:abcdef, b:fedcba9876543210' }).callerKeys,
    ).toEqual([
      { name: 'a', key: '0123456789:abcdef' },
      { name: 'b', key: 'fedcba9876543210' },
    ])
  })

  test("names another resolver's variables, and those of later versions, as ignored", () => {
    expect(readConfig({ ...environment(), RESOLVER_SECRET: 'x', TRUST_PROXY: '1' }).ignored).toEqual([
      'RESOLVER_SECRET',
      'TRUST_PROXY',
    ])
  })
})

describe('a start stops', () => {
  test('naming every fault at once, and no value', () => {
    const CANARY = 'CANARY-value'
    const faults = faultsOf(
      {
        PORT: CANARY,
        INTERNAL_PORT: '65536',
        DIVAR_API_KEY: `${CANARY} with blanks`,
        INTERNAL_API_KEYS: `orders:${CANARY}`,
        RESOLVER: CANARY,
        RESOLVER_TIMEOUT_MS: '0',
        FALLBACK_LANDING_URL: `http://${CANARY}.example`,
        LANDING_ALLOWED_ORIGINS: `https://a.example/${CANARY}`,
        DIVAR_API_URL: `ftp://${CANARY}`,
        LOG_LEVEL: CANARY,
        DATABASE_URL: CANARY,
      },
      {},
    )
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
      'DATABASE_URL',
      'DIVAR_API_KEY',
      'DIVAR_API_URL',
      'DIVAR_IDENTIFICATION_KEY',
      'FALLBACK_LANDING_URL',
      'INTERNAL_API_KEYS',
      'INTERNAL_PORT',
      'LANDING_ALLOWED_ORIGINS',
      'LOG_LEVEL',
      'PORT',
      'RESOLVER',
      'RESOLVER_TIMEOUT_MS',
    ])
    expect(faults.join()).not.toContain('CANARY')
  })

  test.each([
    ['an internal key of 15 characters', { INTERNAL_API_KEYS: 'a:0123456789abcde' }, 'INTERNAL_API_KEYS'],
    ['a caller without a name', { INTERNAL_API_KEYS: ':0123456789abcdef' }, 'INTERNAL_API_KEYS'],
    ['the same name twice', { INTERNAL_API_KEYS: 'a:0123456789abcdef,a:fedcba9876543210' }, 'INTERNAL_API_KEYS'],
    ['the same key twice', { INTERNAL_API_KEYS: 'a:0123456789abcdef,b:0123456789abcdef' }, 'INTERNAL_API_KEYS'],
    ['RESOLVER=template without a template', { LANDING_URL_TEMPLATE: '' }, 'LANDING_URL_TEMPLATE'],
    [
      'a template that names click_id',
      { LANDING_URL_TEMPLATE: 'https://a.example{?click_id}' },
      'LANDING_URL_TEMPLATE',
    ],
    ['a template over http', { LANDING_URL_TEMPLATE: 'http://a.example{?side}' }, 'LANDING_URL_TEMPLATE'],
    ['RESOLVER=module without a file', { RESOLVER: 'module' }, 'RESOLVER_MODULE'],
    ['RESOLVER=forward without a URL and a secret', { RESOLVER: 'forward' }, 'RESOLVER_URL'],
    ['credentials in an address', { DIVAR_API_URL: 'https://a:b@c.example' }, 'DIVAR_API_URL'],
    ['a store that this version has not', { DATABASE_URL: 'file:x.db' }, 'DATABASE_URL'],
    ['consent that this version has not', { PUBLIC_URL: 'https://gateway.example' }, 'PUBLIC_URL'],
    ['a placeholder of .env.example', { DIVAR_API_KEY: 'change-me-divar-api-key' }, 'DIVAR_API_KEY'],
    ['one port for both sides', { PORT: '3000', INTERNAL_PORT: '3000' }, 'INTERNAL_PORT'],
    ['a host that is no address', { HOST: 'not a host' }, 'HOST'],
    ['an address of Divar with a query', { DIVAR_API_URL: 'https://a.example/?x=1' }, 'DIVAR_API_URL'],
    ['a fraction of a millisecond', { DIVAR_TIMEOUT_MS: '1.5' }, 'DIVAR_TIMEOUT_MS'],
  ])('on %s', (_, overrides, name) => {
    expect(faultsOf(overrides)[0]).toMatch(new RegExp(`^${name}: `))
  })
})
