import { tmpdir } from 'node:os'
import { describe, expect, test } from '@jest/globals'
import type { Environment } from '../../src/config/config.ts'
import { describeConfig } from '../../src/config/describe-config.ts'
import { configOf, faultsOf } from '../support/config.ts'

const KEY = Buffer.alloc(32, 251)
const OTHER_KEY = Buffer.alloc(32, 252)
/** Store options that take effect without any other variable. */
const RETRY = ['RETRY_FIRST_MS', 'RETRY_MAX_MS', 'RETRY_FOR_MS']
const SETTINGS = [
  'RETENTION_DAYS',
  'TIMELINE_DAYS',
  ...RETRY,
  'DELETE_AFTER_START_MS',
  'QUEUE_LIMIT',
  'OUTBOX_CONCURRENCY',
]
const BACKUP = ['BACKUP_DIR', 'BACKUP_EVERY_HOURS', 'BACKUP_KEEP']
const STORE = { DATABASE_URL: 'file:gateway.db', TOKEN_ENCRYPTION_KEY: KEY.toString('base64') }
const WEBHOOK = {
  STATUS_WEBHOOK_URL: 'http://10.0.0.1:8080/status?from=gateway',
  STATUS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 253).toString('base64')}`,
}
const POSTGRES = 'postgres://gateway:CANARY-word@database.internal:5432/gateway?sslmode=require'

function all(names: readonly string[], value: string): Environment {
  return Object.fromEntries(names.map((name) => [name, value]))
}

describe('a store', () => {
  test('is absent without DATABASE_URL, and its other variables are reported as ignored, even if invalid', () => {
    const names = ['TOKEN_ENCRYPTION_KEY', ...SETTINGS, ...BACKUP, 'STATUS_WEBHOOK_SECRET']
    const config = configOf(all(names, 'change-me'))
    expect(config.store).toBeUndefined()
    expect(config.ignored).toEqual(names)
    expect(describeConfig(config)).toMatchObject({ store: 'no' })
    expect(describeConfig(config)).not.toHaveProperty('backup')
  })

  test('with only its required variables has the documented defaults', () => {
    const config = configOf(STORE)
    expect(config.ignored).toEqual([])
    expect(config.store).toEqual({
      database: { kind: 'sqlite', file: 'gateway.db' },
      keys: [KEY],
      retentionMs: 7 * 86_400_000,
      timelineMs: 7 * 86_400_000,
      retry: { firstMs: 1000, maxMs: 3_600_000, forMs: 86_400_000 },
      deleteAfterStartMs: 600_000,
      queueLimit: 10_000,
      webhook: undefined,
      backup: undefined,
    })
  })

  test.each([
    ['file:./data/gateway.db', './data/gateway.db'],
    ['file:/data/with blank#1.db', '/data/with blank#1.db'],
    ['file:///data/gateway.db', '/data/gateway.db'],
  ])('is the SQLite file of %s', (DATABASE_URL, file) => {
    expect(configOf({ ...STORE, DATABASE_URL }).store?.database).toEqual({ kind: 'sqlite', file })
  })

  test.each([
    POSTGRES,
    'postgresql://database.internal/gateway',
    'postgres://gateway:p%40ss%2Fword@[::1]/gateway',
    'postgres://%2Frun%2Fpostgresql/gateway',
    'postgres:///gateway?host=/run/postgresql',
    'postgres://gateway@/gateway?host=/run/postgresql',
  ])('is the PostgreSQL of %s, unchanged', (DATABASE_URL) => {
    expect(configOf({ ...STORE, DATABASE_URL }).store?.database).toMatchObject({ url: DATABASE_URL })
  })

  test('accepts keys in standard and URL-safe base64, with and without padding, in their order', () => {
    for (const encoding of ['base64', 'base64url'] as const) {
      const [first, second] = [OTHER_KEY.toString(encoding), KEY.toString(encoding).replace('=', '')]
      const { store } = configOf({ ...STORE, TOKEN_ENCRYPTION_KEY: `${first} , ${second}` })
      expect(store?.keys).toEqual([OTHER_KEY, KEY])
    }
  })

  test('has options for retries, limits, a webhook at any http(s) address, and backups', () => {
    const backup = { BACKUP_DIR: tmpdir(), BACKUP_EVERY_HOURS: '1', BACKUP_KEEP: '1000' }
    const retry = { RETRY_FIRST_MS: '5', RETRY_MAX_MS: '5', RETRY_FOR_MS: '604800000' }
    const kept = { RETENTION_DAYS: '365', TIMELINE_DAYS: '90' }
    const limits = { ...kept, QUEUE_LIMIT: '1', OUTBOX_CONCURRENCY: '1024' }
    const config = configOf({ ...STORE, ...WEBHOOK, ...backup, ...retry, ...limits })
    expect(config.ignored).toEqual([])
    expect(config.store).toMatchObject({
      retentionMs: 365 * 86_400_000,
      timelineMs: 90 * 86_400_000,
      retry: { firstMs: 5, maxMs: 5, forMs: 604_800_000 },
      deleteAfterStartMs: 600_000,
      queueLimit: 1,
      webhook: { url: new URL(WEBHOOK.STATUS_WEBHOOK_URL), secrets: [WEBHOOK.STATUS_WEBHOOK_SECRET] },
      backup: { folder: tmpdir(), everyMs: 3_600_000, keep: 1000 },
    })
  })

  test('reports the variables of an absent webhook or backup as ignored', () => {
    const names = ['BACKUP_EVERY_HOURS', 'BACKUP_KEEP', 'STATUS_WEBHOOK_SECRET']
    expect(configOf({ ...STORE, ...all(names, 'wrong') }).ignored).toEqual(names)
  })

  test('is described without addresses, keys and folders', () => {
    const keys = [OTHER_KEY, KEY].map((key) => key.toString('base64'))
    const postgres = describeConfig(configOf({ ...WEBHOOK, DATABASE_URL: POSTGRES, TOKEN_ENCRYPTION_KEY: keys.join() }))
    expect(postgres).toMatchObject({ store: 'postgres', encryption_keys: 2, status_webhook: 'yes', backup: 'no' })
    expect(postgres).toMatchObject({ retention_days: 7, queue_limit: 10_000, outbox_concurrency: 64 })
    const sqlite = describeConfig(configOf({ ...STORE, DATABASE_URL: 'file:CANARY', BACKUP_DIR: tmpdir() }))
    expect(sqlite).toMatchObject({ store: 'sqlite', encryption_keys: 1, status_webhook: 'no', backup: 'yes' })
    const text = JSON.stringify([postgres, sqlite])
    const secrets = ['CANARY', 'database.internal', '10.0.0.1', 'whsec_', tmpdir(), ...keys]
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  })

  const base64 = (size: number) => Buffer.alloc(size, 1).toString('base64')
  const whsec = (encoded: string) => `whsec_${encoded}`
  const unlike = (name: string, ...values: string[]) => values.map((value) => [name, value] as const)
  test.each([
    ...unlike('DATABASE_URL', 'file:', 'file:a.db?mode=ro', 'file:data/', 'file://host/a.db', 'file::memory:', 'a.db'),
    ...unlike('DATABASE_URL', 'mysql://a/b', 'postgres:/a/b', 'postgres://', 'postgres:///b', 'postgres://a:b@/c'),
    ...unlike('DATABASE_URL', 'postgres://a:x/b', 'postgres://a:5/c@d/e', 'postgres://a:5#c@d/e'),
    ...unlike('TOKEN_ENCRYPTION_KEY', 'not base64', base64(31), base64(33), KEY.toString('hex'), `+_${'A'.repeat(41)}`),
    ...unlike('TOKEN_ENCRYPTION_KEY', `${base64(32)},`, `${base64(32)}=`, `${base64(32)},${base64(32).slice(0, -1)}`),
    ...unlike('STATUS_WEBHOOK_URL', 'ftp://a.example', '/status', 'https://a:b@c.example'),
    ...unlike('STATUS_WEBHOOK_SECRET', base64(32), whsec(''), whsec(base64(23)), whsec(base64(65))),
    ...unlike('STATUS_WEBHOOK_SECRET', whsec('-'.repeat(32)), whsec(base64(25).slice(0, -1))),
    ...unlike('STATUS_WEBHOOK_SECRET', [24, 25, 26].map((size) => whsec(base64(size))).join(), `${whsec(base64(24))},`),
    ...unlike('STATUS_WEBHOOK_SECRET', `${whsec(base64(24))},${whsec(base64(24))}`),
    ...unlike('RETENTION_DAYS', '0', '366'),
    ...unlike('TIMELINE_DAYS', '-1', '91'),
    ...unlike('RETRY_FIRST_MS', '0', '3600001'),
    ...unlike('RETRY_MAX_MS', '0', '86400001', '999'),
    ...unlike('RETRY_FOR_MS', '0', '604800001'),
    ...unlike('QUEUE_LIMIT', '0', '1000001'),
    ...unlike('OUTBOX_CONCURRENCY', '0', '1025'),
    ...unlike('BACKUP_DIR', 'no-such-folder', 'package.json'),
    ...unlike('BACKUP_EVERY_HOURS', '0', '169'),
    ...unlike('BACKUP_KEEP', '0', '1001'),
  ])('stops the start when %s is %s', (name, value) => {
    const faults = faultsOf({ ...STORE, ...WEBHOOK, BACKUP_DIR: tmpdir(), [name]: value })
    expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name}: (?:.*; )?expected `))])
  })

  test.each([
    ['without its key', { ...STORE, TOKEN_ENCRYPTION_KEY: '' }, /^TOKEN_ENCRYPTION_KEY: .* needs it; openssl rand/],
    ['missing for a webhook', WEBHOOK, /^STATUS_WEBHOOK_URL: needs DATABASE_URL$/],
    ['whose webhook lacks a secret', { ...STORE, ...WEBHOOK, STATUS_WEBHOOK_SECRET: '' }, /^STATUS_WEBHOOK_SECRET: /],
    ['on PostgreSQL with a backup', { ...STORE, DATABASE_URL: POSTGRES, BACKUP_DIR: tmpdir() }, /^BACKUP_DIR: /],
  ])('%s stops the start', (_, overrides, fault) => {
    expect(faultsOf(overrides)).toEqual([expect.stringMatching(fault)])
  })
})

describe('a start stops', () => {
  test('with an error for every wrong variable at once, without their values', () => {
    const CANARY = 'CANARY-value'
    const wrong = {
      ...all(['PORT', 'RESOLVER', 'LOG_LEVEL', 'PUBLIC_URL', ...SETTINGS, ...BACKUP], CANARY),
      INTERNAL_PORT: '65536',
      DIVAR_API_KEY: `${CANARY} with blanks`,
      INTERNAL_API_KEYS: `orders:${CANARY}`,
      RESOLVER_TIMEOUT_MS: '0',
      FALLBACK_LANDING_URL: `http://${CANARY}.example`,
      LANDING_ALLOWED_ORIGINS: `https://a.example/${CANARY}`,
      DIVAR_API_URL: `ftp://${CANARY}`,
      DATABASE_URL: `postgres://gateway:${CANARY}@:x/gateway`,
      TOKEN_ENCRYPTION_KEY: CANARY,
      STATUS_WEBHOOK_URL: `ftp://${CANARY}`,
      STATUS_WEBHOOK_SECRET: `whsec_${CANARY}`,
    }
    const faults = faultsOf(wrong, {})
    const names = faults.map((fault) => fault.split(':')[0])
    expect(names.sort()).toEqual(
      [...Object.keys(wrong), 'DIVAR_IDENTIFICATION_KEY', 'DIVAR_APP_SLUG', 'DIVAR_CLIENT_SECRET'].sort(),
    )
    expect(faults.join()).not.toContain('CANARY')
  })

  test.each([
    ['an internal key of 15 characters', { INTERNAL_API_KEYS: 'a:0123456789abcde' }, 'INTERNAL_API_KEYS'],
    ['a caller without a name', { INTERNAL_API_KEYS: ':0123456789abcdef' }, 'INTERNAL_API_KEYS'],
    ['the same key twice', { INTERNAL_API_KEYS: 'a:0123456789abcdef,b:0123456789abcdef' }, 'INTERNAL_API_KEYS'],
    ['RESOLVER=template without a template', { LANDING_URL_TEMPLATE: '' }, 'LANDING_URL_TEMPLATE'],
    ['a template naming click_id', { LANDING_URL_TEMPLATE: 'https://a.example{?click_id}' }, 'LANDING_URL_TEMPLATE'],
    ['a template over http', { LANDING_URL_TEMPLATE: 'http://a.example{?side}' }, 'LANDING_URL_TEMPLATE'],
    ['RESOLVER=module without a file', { RESOLVER: 'module' }, 'RESOLVER_MODULE'],
    ['RESOLVER=forward without a URL and a secret', { RESOLVER: 'forward' }, 'RESOLVER_URL'],
    ['credentials in an address', { DIVAR_API_URL: 'https://a:b@c.example' }, 'DIVAR_API_URL'],
    ['a placeholder for a password', { ...STORE, DATABASE_URL: 'postgres://a:change-me@b/c' }, 'DATABASE_URL'],
    ['a placeholder of .env.example', { DIVAR_API_KEY: 'change-me-divar-api-key' }, 'DIVAR_API_KEY'],
    ['one port for both sides', { PORT: '3000', INTERNAL_PORT: '3000' }, 'INTERNAL_PORT'],
    ['a host that is not an address', { HOST: 'not a host' }, 'HOST'],
    ['an address of Divar with a query', { DIVAR_API_URL: 'https://a.example/?x=1' }, 'DIVAR_API_URL'],
    ['a fraction of a millisecond', { DIVAR_TIMEOUT_MS: '1.5' }, 'DIVAR_TIMEOUT_MS'],
  ])('on %s', (_, overrides, name) => {
    expect(faultsOf(overrides)[0]).toMatch(new RegExp(`^${name}: `))
  })
})
