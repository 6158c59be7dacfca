import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { V1 } from '../support/messages.ts'
import { CLICK, rawClick, rawSend } from '../support/requests.ts'
import { resolverFile, startHeldService } from '../support/resolvers.ts'

/** A gateway whose Divar keeps its answer until the test lets it go. */
async function startBeforeSlowDivar(overrides: Record<string, string>) {
  const divar = await startHeldService('{"status":200,"message":"success"}')
  const gateway = await startTestGateway({ DIVAR_V1_API_URL: new URL(divar.url).origin, ...overrides })
  return { gateway, divar }
}

const SEND = rawSend(JSON.stringify(V1), [`x-access-token: ${KEYS.token}`])

test('a send whose caller hung up is finished before the process ends and logged with its outcome', async () => {
  const { gateway, divar } = await startBeforeSlowDivar({})
  const caller = connect(gateway.port, '127.0.0.1')
  caller.write(SEND)
  await divar.asked
  caller.destroy()
  await once(caller, 'close')
  const stopped = gateway.stop()
  divar.letGo()
  expect(await stopped).toBe(true)
  expect(await gateway.logged('message.delivered')).toMatchObject({ caller: 'orders' })
})

test('a send that is cut off at the end of the shutdown grace is answered and logged as unknown', async () => {
  const { gateway, divar } = await startBeforeSlowDivar({ SHUTDOWN_GRACE_MS: '50' })
  const caller = connect(gateway.port, '127.0.0.1').setEncoding('utf8')
  let answer = ''
  caller.on('data', (chunk) => (answer += String(chunk)))
  caller.write(SEND)
  await divar.asked
  const closed = once(caller, 'close')
  expect(await gateway.stop()).toBe(false)
  await closed
  expect(answer).toMatch(/^HTTP\/1\.1 504 /)
  expect(await gateway.logged('message.unknown')).toMatchObject({ level: 'warn', status: 504 })
})

test('a click that is cut off at the end of the shutdown grace gets the fallback landing and is logged', async () => {
  const gateway = await startTestGateway({
    RESOLVER: 'module',
    RESOLVER_MODULE: await resolverFile(
      "export default (_, { log }) => { log.info({ event: 'resolver.asked' }); return new Promise(() => {}) }",
    ),
    RESOLVER_TIMEOUT_MS: '30000',
    FALLBACK_LANDING_URL: 'https://app.example.com/sorry',
    SHUTDOWN_GRACE_MS: '50',
  })
  const divar = connect(gateway.port, '127.0.0.1').setEncoding('utf8')
  let answer = ''
  divar.on('data', (chunk) => (answer += String(chunk)))
  divar.write(rawClick(JSON.stringify(CLICK)))
  const { request_id } = await gateway.logged('resolver.asked')
  const closed = once(divar, 'close')
  expect(await gateway.stop()).toBe(false)
  await closed
  expect(answer).toContain('"url":"https://app.example.com/sorry"')
  expect(await gateway.logged('click.fell_back')).toMatchObject({
    request_id,
    reason: expect.stringContaining('process ended'),
  })
})

test('a click whose body never arrives gets a log line when the process ends', async () => {
  const gateway = await startTestGateway({ SHUTDOWN_GRACE_MS: '50' })
  const divar = connect(gateway.port, '127.0.0.1').on('error', () => undefined)
  // Expect: the server says that it reads before the body is there, so the test knows that it does.
  divar.write(
    `POST /divar/session HTTP/1.1\r\nhost: x\r\nauthorization: ${KEYS.identification}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n`,
  )
  await once(divar, 'data')
  expect(await gateway.stop()).toBe(false)
  expect(await gateway.logged('click.refused')).toMatchObject({ client_gone: true })
})
