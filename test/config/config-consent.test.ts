import { describe, expect, test } from '@jest/globals'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { describeConfig } from '../../src/config/describe-config.ts'
import { TEST_KEY } from '../support/databases.ts'
import { faultsOf } from '../support/config.ts'
import { environment } from '../support/gateway.ts'

const STORE = { DATABASE_URL: 'file:./gateway.db', TOKEN_ENCRYPTION_KEY: TEST_KEY }
const CONSENT = {
  PUBLIC_URL: 'https://gateway.example',
  DIVAR_APP_SLUG: 'bike-inspection',
  DIVAR_CLIENT_SECRET: 'CANARY-client-secret',
}
const WHOLE: Environment = { ...environment(), ...STORE, ...CONSENT }

const faultsIn = (given: Environment) => faultsOf({}, given)

describe('consent', () => {
  test('is enabled by PUBLIC_URL, uses Divar itself in the v2 notation, and allows a path in PUBLIC_URL', () => {
    const { consent } = readConfig({ ...WHOLE, PUBLIC_URL: 'https://gateway.example/kenar/' })
    expect(consent).toMatchObject({
      publicUrl: 'https://gateway.example/kenar',
      isSecure: true,
      oauthUrl: new URL('https://oauth.divar.ir'),
      scopeStyle: 'v2',
    })
  })

  test("leads users back to Divar's page, and to the simulator's when DIVAR_OAUTH_URL is one of plain http", () => {
    const completionUrl = (more: Environment) => readConfig({ ...WHOLE, ...more }).consent?.completionUrl
    expect(completionUrl({})).toBe('https://open-platform-redirect.divar.ir/completion')
    expect(completionUrl({ DIVAR_OAUTH_URL: 'http://127.0.0.1:4000' })).toBe('http://127.0.0.1:4000/completion')
  })

  test('is off without PUBLIC_URL, and its variables are reported as ignored', () => {
    const others = {
      DIVAR_APP_SLUG: 'x',
      DIVAR_CLIENT_SECRET: 'x',
      DIVAR_SCOPE_STYLE: 'wrong',
      DIVAR_OAUTH_URL: 'wrong',
    }
    const { ignored } = readConfig({ ...environment(), ...STORE, ...others })
    expect(ignored.toSorted()).toEqual(Object.keys(others).sort())
  })

  test('is described without its secret', () => {
    const described = describeConfig(readConfig(WHOLE))
    expect(described).toMatchObject({ consent: 'yes', divar_client_secret: 'yes', divar_scope_style: 'v2' })
    expect(JSON.stringify(described)).not.toContain('CANARY')
  })

  test('gives a template the scopes that are requested of every user', () => {
    expect(readConfig({ ...WHOLE, LANDING_SCOPES: 'chat, offline,USER_PHONE' }).resolver).toMatchObject({
      scopes: ['chat', 'offline', 'USER_PHONE'],
    })
    expect(readConfig(WHOLE).resolver).toMatchObject({ scopes: undefined })
  })
})

const WRONG: [string, Environment, string][] = [
  ['consent without a store', { ...environment(), ...CONSENT }, 'PUBLIC_URL'],
  ['consent without the name of the app', { ...WHOLE, DIVAR_APP_SLUG: '' }, 'DIVAR_APP_SLUG'],
  ['consent without a secret', { ...WHOLE, DIVAR_CLIENT_SECRET: '' }, 'DIVAR_CLIENT_SECRET'],
  ['a placeholder for a secret', { ...WHOLE, DIVAR_CLIENT_SECRET: 'change-me' }, 'DIVAR_CLIENT_SECRET'],
  ['users who come without TLS', { ...WHOLE, PUBLIC_URL: 'http://gateway.example' }, 'PUBLIC_URL'],
  ['a public address with a query', { ...WHOLE, PUBLIC_URL: 'https://g.example/?a' }, 'PUBLIC_URL'],
  ['an OAuth address with a path', { ...WHOLE, DIVAR_OAUTH_URL: 'https://o.example/a' }, 'DIVAR_OAUTH_URL'],
  ['a notation that is none', { ...WHOLE, DIVAR_SCOPE_STYLE: 'v3' }, 'DIVAR_SCOPE_STYLE'],
  ['a word for a scope that is none', { ...WHOLE, LANDING_SCOPES: 'chat,phones' }, 'LANDING_SCOPES'],
  ['scopes without consent', { ...environment(), ...STORE, LANDING_SCOPES: 'chat' }, 'LANDING_SCOPES'],
]
test.each(WRONG)('a start stops on %s', (_, given, name) => {
  const faults = faultsIn(given)
  expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name}: `))])
  expect(faults.join()).not.toContain('CANARY')
})

test("another resolver's scopes are reported as ignored", () => {
  const forward = { RESOLVER: 'forward', RESOLVER_URL: 'http://a.internal/', RESOLVER_SECRET: 's', LANDING_SCOPES: 'x' }
  expect(readConfig({ ...WHOLE, ...forward }).ignored.toSorted()).toEqual(['LANDING_SCOPES', 'LANDING_URL_TEMPLATE'])
})
