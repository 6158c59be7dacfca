import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import pg from 'pg'
import { DATABASES, query, TEST_KEY, withStore } from '../support/databases.ts'
import { environment, KEYS } from '../support/gateway.ts'
import { spawnGateway } from '../support/process.ts'
import { CLICK, rawClick } from '../support/requests.ts'
import { resolverFile, startHeldService } from '../support/resolvers.ts'

describe('the process', () => {
  test('logs at start what is configured, without secrets', async () => {
    const gateway = spawnGateway(environment())
    await gateway.started
    expect(gateway.stdout()).toContain('"divar_identification_key":"yes"')
    expect(gateway.stdout()).toContain('"callers":["orders"]')
    for (const secret of Object.values(KEYS)) expect(gateway.stdout()).not.toContain(secret)
    gateway.kill('SIGTERM')
    expect(await gateway.exited).toBe(0)
  })

  test('warns at start about quotes around an identification key and does not log the key', async () => {
    const gateway = spawnGateway({ ...environment(), DIVAR_IDENTIFICATION_KEY: '"canary-key"' })
    await gateway.started
    gateway.kill('SIGTERM')
    expect(await gateway.exited).toBe(0)
    expect(gateway.stdout()).toMatch(
      /"level":"warn".*"event":"config.key_suspect".*"variables":\["DIVAR_IDENTIFICATION_KEY"\]/,
    )
    expect(gateway.stdout() + gateway.stderr()).not.toContain('canary')
  })

  test('exits with 78 on a bad configuration and names every error on stderr', async () => {
    const gateway = spawnGateway({ PORT: 'x' })
    expect(await gateway.exited).toBe(78)
    expect(gateway.stderr()).toMatch(/its environment has 5 errors:\n(?: {2}[A-Z_]+: .+\n){5}/)
    expect(gateway.stdout()).toBe('')
  })

  test('exits with 78 when the resolver cannot be loaded and names its file', async () => {
    const file = await resolverFile('export default 1')
    const gateway = spawnGateway({ ...environment(), RESOLVER: 'module', RESOLVER_MODULE: file })
    expect(await gateway.exited).toBe(78)
    expect(gateway.stderr()).toContain(file)
  })

  test('exits with 75, not 78, when PostgreSQL is not reachable yet, so that a supervisor can restart it', async () => {
    const url = 'postgres://gateway:canary-of-a-password@127.0.0.1:1/gateway'
    const gateway = spawnGateway({ ...environment(), DATABASE_URL: url, TOKEN_ENCRYPTION_KEY: TEST_KEY })
    expect(await gateway.exited).toBe(75)
    expect(gateway.stderr()).toContain(
      'DATABASE_URL: PostgreSQL cannot be used: nothing listens at its address (ECONNREFUSED)',
    )
    expect(gateway.stdout()).toMatch(/"event":"gateway.not_started".*"error_code":"ECONNREFUSED"/)
    expect(gateway.stderr() + gateway.stdout()).not.toContain('canary')
  })

  test('exits with 75, one fatal log line and one sentence when its port is taken', async () => {
    const first = spawnGateway(environment())
    const port = await first.started
    const second = spawnGateway({ ...environment(), PORT: String(port) })
    expect(await second.exited).toBe(75)
    expect(second.stdout()).toMatch(/^\{"level":"fatal".*EADDRINUSE.*\}\n$/)
    expect(second.stderr()).toContain(`PORT: port ${port} is in use by another process`)
    first.kill('SIGTERM')
    await first.exited
  })

  test('exits with 1 and one fatal log line on an uncaught error', async () => {
    const file = await resolverFile(
      'export default () => { setImmediate(() => { throw new Error("CANARY") }); return { url: "https://a.example/" } }',
    )
    const gateway = spawnGateway({ ...environment(), RESOLVER: 'module', RESOLVER_MODULE: file })
    const port = await gateway.started
    connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .write(rawClick(JSON.stringify(CLICK)))
    expect(await gateway.exited).toBe(1)
    expect(gateway.stdout().match(/"level":"fatal"/g)).toHaveLength(1)
    expect(gateway.stdout() + gateway.stderr()).not.toContain('CANARY')
  })
})

/** A resolver that answers once the test lets it, and signals that it was asked. */
async function startHeldGateway(answer = '') {
  const service = await startHeldService(answer)
  const gateway = spawnGateway({
    ...environment(),
    RESOLVER: 'forward',
    RESOLVER_URL: service.url,
    RESOLVER_SECRET: 'x',
    RESOLVER_TIMEOUT_MS: '15000',
    SHUTDOWN_GRACE_MS: '15000',
  })
  const url = `http://127.0.0.1:${await gateway.started}`
  const click = supertest(url).post('/divar/session').set('authorization', KEYS.identification).send(CLICK)
  const answered = click.then((response) => response)
  await service.asked
  return { gateway, service, url, answered }
}

test('a second signal directly after the first does not cut off running requests: launchers send two', async () => {
  const { gateway, service, answered } = await startHeldGateway('{"url":"https://app.example.com/done"}')
  gateway.kill('SIGTERM')
  gateway.kill('SIGINT')
  gateway.kill('SIGTERM')
  await gateway.said('gateway.stopping')
  service.letGo()
  expect((await answered).status).toBe(200)
  expect(await gateway.exited).toBe(0)
})

test.each([
  ['SIGTERM', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
] as const)(
  'after %s, a %s from one second on ends the process at once with 1, although requests are running',
  async (first, second) => {
    const { gateway, answered } = await startHeldGateway()
    const cut = answered.catch(() => undefined)
    const firstAt = performance.now()
    gateway.kill(first)
    await gateway.said('gateway.stopping')
    const again = setInterval(() => {
      gateway.kill(second)
    }, 100)
    expect(await gateway.exited).toBe(1)
    clearInterval(again)
    expect(performance.now() - firstAt).toBeGreaterThanOrEqual(1000)
    expect(gateway.stdout()).not.toContain('"gateway.stopped"')
    await cut
  },
)

/** As the gateway takes it: gateways that start together take turns at the migrations. */
const MIGRATION_LOCK = '3853314791062309107'
const WAITING = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`

test.each(DATABASES.filter((kind) => kind === 'postgres'))(
  'a signal during a start that waits for %s ends the process',
  async (kind) => {
    const store = await withStore(kind)
    const url = String(store['DATABASE_URL'])
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    const gateway = spawnGateway({ ...environment(), ...store, SHUTDOWN_GRACE_MS: '50' })
    while ((await query(url, WAITING)).length === 0);
    gateway.kill('SIGTERM')
    expect(await gateway.exited).toBe(0)
    expect(gateway.stdout()).toContain('"drained":false')
    await holder.end()
  },
)

test('an unsupported Node version is reported in one sentence before anything else is loaded', async () => {
  const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.18.0' } })`
  const gateway = spawnGateway({}, '--import', `data:text/javascript,${old}`, 'src/main.ts')
  expect(await gateway.exited).toBe(78)
  expect(gateway.stderr()).toBe('Node 22.18.0 is too old: this program needs Node 22.19 or later.\n')
})

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('on %s', (signal) => {
  test('the process finishes running requests, accepts no new ones and exits with 0', async () => {
    const { gateway, service, url, answered } = await startHeldGateway('{"url":"https://app.example.com/done"}')
    const idle = connect(Number(new URL(url).port), '127.0.0.1')
    await once(idle, 'connect')
    gateway.kill(signal)
    await once(idle.resume(), 'close')
    await expect(supertest(url).get('/healthz')).rejects.toThrow(/ECONNREFUSED|ECONNRESET/)
    service.letGo()
    const response = await answered
    expect(response.text).toBe('{"status":"200","message":"success","url":"https://app.example.com/done"}')
    expect(response.headers['connection']).toBe('close')
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(await gateway.exited).toBe(0)
    expect(gateway.stdout()).toContain('"drained":true')
  })

  test('the process waits no longer than SHUTDOWN_GRACE_MS', async () => {
    const service = await startHeldService('')
    const gateway = spawnGateway({
      ...environment(),
      RESOLVER: 'forward',
      RESOLVER_URL: service.url,
      RESOLVER_SECRET: 'x',
      RESOLVER_TIMEOUT_MS: '30000',
      SHUTDOWN_GRACE_MS: '50',
    })
    connect(await gateway.started, '127.0.0.1')
      .on('error', () => undefined)
      .write(rawClick(JSON.stringify(CLICK)))
    await service.asked
    gateway.kill(signal)
    expect(await gateway.exited).toBe(0)
    expect(gateway.stdout()).toContain('"drained":false')
  })
})
