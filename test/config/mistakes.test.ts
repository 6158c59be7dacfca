import { expect, test } from '@jest/globals'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { faultsOf } from '../support/config.ts'
import { environment } from '../support/gateway.ts'

const KEY = '0123456789abcdef'
const bytes = (size: number) => Buffer.alloc(size, 1).toString('base64')
const STORE = { TOKEN_ENCRYPTION_KEY: bytes(32) }

test.each<[string, string, string, Environment?]>([
  ['INTERNAL_API_KEYS', KEY, 'it has no colon between name and key; expected name:key'],
  ['INTERNAL_API_KEYS', `a:${KEY},b`, 'entry 2 has no colon between name and key'],
  ['INTERNAL_API_KEYS', 'a:0123456789', 'it has a key that is too short: 10 of 16 characters'],
  ['INTERNAL_API_KEYS', `:${KEY}`, 'it has no name before its colon'],
  ['INTERNAL_API_KEYS', 'a:', 'it has no key after its colon'],
  ['INTERNAL_API_KEYS', `a:${KEY},`, 'entry 2 is empty'],
  ['INTERNAL_API_KEYS', `a b:${KEY}`, 'it has a name with other characters'],
  ['INTERNAL_API_KEYS', `a:${KEY} x`, 'it has a key with blanks'],
  ['INTERNAL_API_KEYS', `a:${KEY},b:${KEY}`, 'entry 2 has the key of an earlier one'],
  ['INTERNAL_API_KEYS', `a:${KEY}1,a:${KEY}2,a:${KEY}3`, 'entry 3 gives the same name a third key'],
  ['INTERNAL_API_KEYS', `"a:${KEY}"`, 'the quotes around it count as part of it: remove them'],
  ['PORT', '3000 # for Divar', 'a comment after a value counts as part of it'],
  ['PORT', "'3000'", 'expected a port number from 0 to 65535; the quotes around it count as part of it: remove them'],
  ['CALLER_PERMISSIONS', 'orders=sends', 'it has an unknown word; did you mean send?'],
  ['CALLER_PERMISSIONS', 'orders=send;orders=users', 'entry 2 gives a name twice'],
  ['CALLER_PERMISSIONS', 'orders=send,crm=send', 'it has more than one = sign; entries are separated by semicolons'],
  ['RESOLVER', 'templates', 'did you mean template? expected template, module or forward'],
  ['LOG_LEVEL', 'warning', 'expected one of'],
  ['LOG_LEVEL', 'eror', 'did you mean error?'],
  ['DIVAR_API_KEY', 'two words', 'it has a blank; expected visible ASCII'],
  ['DIVAR_API_KEY', 'کلید', 'it has a character that is not ASCII'],
  ['DIVAR_API_URL', 'open-api.divar.ir', 'it does not begin with https:// or http://'],
  ['DIVAR_API_URL', 'https://a:b@open-api.divar.ir', 'it has a user name or a password'],
  ['DATABASE_URL', 'gateway.db', 'it does not begin with file: or postgres://', STORE],
  ['DATABASE_URL', 'file:data/', 'it names a folder', STORE],
  ['DATABASE_URL', 'file::memory:', 'a database in memory would lose its messages', STORE],
  [
    'DATABASE_URL',
    'postgres://a:b/c@host/db',
    'a character of the password, such as @ / #, is not percent-encoded',
    STORE,
  ],
  [
    'TOKEN_ENCRYPTION_KEY',
    bytes(16),
    'it has 16 bytes; expected base64 of exactly 32 bytes',
    { DATABASE_URL: 'file:a' },
  ],
  ['TOKEN_ENCRYPTION_KEY', `${bytes(32)},${bytes(32)}`, 'entry 2 repeats an earlier one', { DATABASE_URL: 'file:a' }],
  ['TOKEN_ENCRYPTION_KEY', 'not base64!', 'it is not base64', { DATABASE_URL: 'file:a' }],
])('%s=%s stops the start and says: %s', (name, value, mistake, others = {}) => {
  const [fault = '', ...more] = faultsOf({ ...others, [name]: value })
  expect([fault.startsWith(`${name}: `), more]).toEqual([true, []])
  expect(fault).toContain(mistake)
})

test('a missing variable comes with the misspelled one that is set', () => {
  const faults = faultsOf({ INTERNAL_API_KEYS: undefined, INTERNAL_API_KEY: `orders:${KEY}` })
  expect(faults).toEqual([
    expect.stringMatching(/^INTERNAL_API_KEYS: missing; expected name:key/),
    'INTERNAL_API_KEY: no variable of the gateway; did you mean INTERNAL_API_KEYS?',
  ])
})

test('a misspelled optional variable does not stop the start, which warns of it', () => {
  const config = readConfig({ ...environment(), DATABASE_URI: 'file:gateway.db', divar_timeout_ms: '1', PORTS: '1' })
  expect(config.misspelled).toEqual([
    { name: 'DATABASE_URI', meant: 'DATABASE_URL' },
    { name: 'divar_timeout_ms', meant: 'DIVAR_TIMEOUT_MS' },
  ])
})

test('a name near a variable that is set too is not taken for it', () => {
  const near = { INTERNAL_API_KEY: KEY, DIVAR_API_KEYS: 'x' }
  expect(readConfig({ ...environment(), ...near }).misspelled).toEqual([])
})

test.each(['DIVAR_API_KEY', 'RESOLVER_SECRET'])('%s in quotes is used unchanged, and the start warns', (name) => {
  const forward = { RESOLVER: 'forward', RESOLVER_URL: 'http://10.0.0.1/', RESOLVER_SECRET: 's' }
  expect(readConfig({ ...environment(), ...forward, [name]: '"s"' }).suspectKeys).toEqual([name])
})
