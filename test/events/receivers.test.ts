import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { Webhook } from 'standardwebhooks'
import { newMessageEvent, sendEvent } from '../support/events.ts'
import { startExampleReceiver, type ExampleReceiver } from '../support/example-receivers.ts'
import { eventually, FAST_RETRIES, startStored } from '../support/outbox.ts'
import { isInstalled } from '../support/programs.ts'

const OTHER_SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
const BODY = JSON.stringify({ id: 'dve_1', type: 'NEW_MESSAGE', message: { text: 'سلام' }, extra: {} })
const MINUTE_MS = 60_000

const installed = new Map<string, boolean>([['node', true]])
for (const program of ['python3', 'php', 'go']) {
  installed.set(program, await isInstalled(program))
  if (!installed.get(program)) process.stderr.write(`${program} is missing here: its receiver of events is not run.\n`)
}

const minutesFromNow = (minutes: number) => new Date(Date.now() + minutes * MINUTE_MS)

/** The headers that the gateway sends with BODY. */
function signed(secret: string, webhookId: string, at = new Date()): Record<string, string> {
  return {
    'content-type': 'application/json',
    'webhook-id': webhookId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(webhookId, at, BODY),
  }
}

const REASONS = [
  'webhook-id is missing or malformed',
  'webhook-timestamp is missing or malformed',
  'webhook-timestamp is more than 5 minutes off',
  'no signature fits the body and EVENTS_SECRET',
]
/** The output, once it has a line for each of them. */
const reasonsIn = (output: string) => (REASONS.every((one) => output.includes(`refused: ${one}`)) ? output : undefined)

const signatureOf = (headers: Record<string, string>) => String(headers['webhook-signature'])

describe.each(['node', 'python3', 'php', 'go'] as const)('the receiver in examples/events for %s', (program) => {
  const testIfInstalled = installed.get(program) ? test : test.skip
  let receiver: ExampleReceiver
  beforeAll(async () => {
    if (installed.get(program)) receiver = await startExampleReceiver(program)
  }, 120_000)

  const post = async (headers: Record<string, string>, body = BODY) =>
    (await supertest(receiver.url).post('/').set(headers).send(body)).status

  testIfInstalled('accepts an event that the gateway passes on, and stores it', async () => {
    const gateway = await startStored('sqlite', {
      ...FAST_RETRIES,
      EVENTS_URL: receiver.url,
      EVENTS_SECRET: receiver.secret,
    })
    await sendEvent(gateway, newMessageEvent('c-1', 'm-1')).expect(200)
    const { event_id: id } = await gateway.logged('event.delivered')
    expect(await receiver.files()).toEqual([`${String(id)}.json`])
  })

  testIfInstalled("refuses an event from a gateway with another secret, which ends as 'rejected'", async () => {
    const before = await receiver.files()
    const gateway = await startStored('sqlite', {
      ...FAST_RETRIES,
      EVENTS_URL: receiver.url,
      EVENTS_SECRET: OTHER_SECRET,
    })
    await sendEvent(gateway, newMessageEvent('c-1', 'm-1')).expect(200)
    expect(await gateway.logged('event.rejected')).toMatchObject({ divar_status: 401 })
    expect(await receiver.files()).toEqual(before)
  })

  testIfInstalled('stores an event that comes twice once, and accepts both', async () => {
    const before = await receiver.files()
    const headers = signed(receiver.secret, 'dve_twice')
    expect([await post(headers), await post(headers)]).toEqual([204, 204])
    expect((await receiver.files()).toSorted()).toEqual([...before, 'dve_twice.json'].toSorted())
  })

  testIfInstalled('accepts an event with several signatures of which one is right', async () => {
    const headers = signed(receiver.secret, 'dve_several')
    const several = ['v1a,c2lnbmF0dXJl', signatureOf(signed(OTHER_SECRET, 'dve_several')), signatureOf(headers)]
    expect(await post({ ...headers, 'webhook-signature': several.join(' ') })).toBe(204)
  })

  testIfInstalled('accepts either secret while two are set during a rotation, and no third', async () => {
    const rotating = await startExampleReceiver(program, [OTHER_SECRET])
    const statusOf = async (secret: string, id: string) =>
      (await supertest(rotating.url).post('/').set(signed(secret, id)).send(BODY)).status
    const third = `whsec_${Buffer.alloc(32, 6).toString('base64')}`
    const statuses = [statusOf(OTHER_SECRET, 'dve_old'), statusOf(rotating.secret, 'dve_new'), statusOf(third, 'dve_3')]
    expect(await Promise.all(statuses)).toEqual([204, 204, 401])
  })

  testIfInstalled('accepts an event that is 4 minutes old, and refuses one that is 6 minutes off', async () => {
    const statuses = [-4, -6, 6].map((minutes) =>
      post(signed(receiver.secret, `dve_${minutes}`, minutesFromNow(minutes))),
    )
    expect(await Promise.all(statuses)).toEqual([204, 401, 401])
  })

  testIfInstalled('refuses what was changed after it was signed, and what is not signed, and prints why', async () => {
    const before = await receiver.files()
    const headers = signed(receiver.secret, 'dve_changed')
    const attempts = [
      post(headers, BODY.replace('سلام', 'salam')),
      post({ ...headers, 'webhook-id': 'dve_other' }),
      post({ ...headers, 'webhook-timestamp': String(Math.floor(Date.now() / 1000) + 1) }),
      post({ ...headers, 'webhook-timestamp': 'now' }),
      post(signed(receiver.secret, 'dve_late', minutesFromNow(-6))),
      post({ ...headers, 'webhook-signature': 'v1,' }),
      post({ ...headers, 'webhook-signature': signatureOf(headers).replace('v1,', 'v2,') }),
      post(signed(receiver.secret, '../dve_outside')),
      post({ 'content-type': 'application/json' }),
    ]
    expect(await Promise.all(attempts)).toEqual(attempts.map(() => 401))
    const whole = await eventually(() => Promise.resolve(reasonsIn(receiver.output())), 'a line for each reason')
    for (const secret of [receiver.secret, signatureOf(headers), 'salam']) expect(whole).not.toContain(secret)
    expect(await receiver.files()).toEqual(before)
  })
})
