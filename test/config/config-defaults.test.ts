import { describe, expect, test } from '@jest/globals'
import { readConfig } from '../../src/config/config.ts'
import { configOf, faultsOf } from '../support/config.ts'
import { environment } from '../support/gateway.ts'

describe('a configuration', () => {
  test('with only the required variables has the documented defaults', () => {
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
  test('treats an empty variable as absent', () => {
    expect(readConfig({ ...environment(), PORT: '', FALLBACK_LANDING_URL: ' ' })).toMatchObject({ port: 3000 })
    expect(faultsOf({ DIVAR_API_KEY: '' })).toEqual([expect.stringMatching(/^DIVAR_API_KEY: missing/)])
  })
  test('ignores whitespace around a value', () => {
    const blanks = Object.fromEntries(
      Object.entries(environment()).map(([name, value]) => [name, ` ${value ?? ''} \r`]),
    )
    expect(readConfig(blanks)).toEqual(readConfig(environment()))
  })

  test('ignores invalid variables of another resolver', () => {
    const wrong = { RESOLVER_URL: 'not a url', RESOLVER_SECRET: 'a b' }
    expect(configOf(wrong).ignored).toEqual(['RESOLVER_URL', 'RESOLVER_SECRET'])
  })

  test.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'ALL_PROXY'])('reports %s as ignored', (name) => {
    expect(configOf({ [name]: 'http://user:secret@proxy.internal:3128' }).ignored).toEqual([name])
  })

  test('splits name:key at the first colon', () => {
    expect(configOf({ INTERNAL_API_KEYS: 'a:0123456789:abcdef, b:fedcba9876543210' }).callerKeys).toMatchObject([
      { name: 'a', key: '0123456789:abcdef' },
      { name: 'b', key: 'fedcba9876543210' },
    ])
  })
})
