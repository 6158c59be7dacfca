import { describe, expect, test } from '@jest/globals'
import type { EntryKind } from '../../src/simulator/shown.ts'
import { ask, clickMenu, sendWithoutToken, startConsentGateway, completeFlow, messageTo } from '../support/consent.ts'
import { withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { V1, V2 } from '../support/messages.ts'
import { eventually, queue } from '../support/outbox.ts'
import { click, CLICK, send } from '../support/requests.ts'
import { startService } from '../support/resolvers.ts'
import { startWebhook } from '../support/webhook.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const PARENT = `00-${TRACE}-${SPAN}-01`
/** Another span of the same trace. */
const CHILD = new RegExp(`^00-${TRACE}-(?!${SPAN})[0-9a-f]{16}-01$`)
const ANY = /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/
const STATE = 'rojo=00f067aa0ba902b7, congo@tenant=t61rcWkgMzE'

type Headers = Record<string, string | string[] | undefined>

/** The headers of the last request of this kind that came to Divar. */
function lastAt({ divar }: TestGateway, kind: EntryKind): Headers {
  const { timeline } = divar.conversation.snapshot()
  return timeline.findLast((entry) => entry.kind === kind)?.request?.headers ?? {}
}

async function forwarding(): Promise<{ gateway: TestGateway; seen: Headers[] }> {
  const seen: Headers[] = []
  const url = await startService((request, response) => {
    seen.push(request.headers)
    request.resume().on('end', () => response.end('{"url":"https://app.example.com/ok"}'))
  })
  return {
    gateway: await startTestGateway({ RESOLVER: 'forward', RESOLVER_URL: url, RESOLVER_SECRET: 's3cret' }),
    seen,
  }
}

describe('the trace of a request continues', () => {
  test('to the forward resolver, with its unchanged tracestate', async () => {
    const { gateway, seen } = await forwarding()
    await click(gateway, CLICK).set('traceparent', PARENT).set('tracestate', STATE).expect(200)
    expect(seen).toEqual([expect.objectContaining({ traceparent: expect.stringMatching(CHILD), tracestate: STATE })])
  })

  test.each([
    ['v1', V1, ''],
    ['v2', V2, ''],
    ['v2 under a key', V2, 'key-1'],
  ])('to Divar with a send on %s', async (_wire, message, key) => {
    const gateway = await startTestGateway(await withStore('sqlite'))
    const sending = send(gateway, message).set('traceparent', PARENT).set('tracestate', STATE)
    await (key === '' ? sending : sending.set('idempotency-key', key)).expect(200)
    expect(lastAt(gateway, 'delivery')).toMatchObject({ traceparent: expect.stringMatching(CHILD), tracestate: STATE })
    expect(await gateway.logged('message.delivered')).toMatchObject({ trace_id: TRACE })
  })

  test('to Divar with a send that uses a grant, and with the lookup of a user', async () => {
    const gateway = await startConsentGateway({ scopes: ['chat', 'phone', 'offline'] })
    await completeFlow(await clickMenu(gateway))
    const headers = { traceparent: PARENT, tracestate: STATE }
    await sendWithoutToken(gateway, messageTo(gateway.divar), { headers }).expect(200)
    expect(lastAt(gateway, 'delivery')).toMatchObject({ traceparent: expect.stringMatching(CHILD), tracestate: STATE })
    const user = `/users/${encodeURIComponent(gateway.divar.world.people.buyer.v2Id)}`
    await ask(gateway, user).set(headers).expect(200)
    expect(lastAt(gateway, 'users')).toMatchObject({ traceparent: expect.stringMatching(CHILD), tracestate: STATE })
  })
})

describe('a new trace starts', () => {
  test('with each callback of the authorization flow, for the token route', async () => {
    const gateway = await startConsentGateway()
    await completeFlow(await clickMenu(gateway))
    const { traceparent } = lastAt(gateway, 'token')
    expect(traceparent).toMatch(ANY)
    const { trace_id } = await gateway.logged('consent.granted')
    expect(traceparent).toContain(String(trace_id))
  })

  test('with each attempt of a stored message and each status webhook, and is in the log line', async () => {
    const webhook = await startWebhook()
    const gateway = await startTestGateway(await withStore('sqlite', webhook.environment))
    await queue(gateway, V2)
    const notice = await eventually(() => Promise.resolve(webhook.notices[0]), 'a notice')
    const { trace_id: ofMessage } = await gateway.logged('message.delivered')
    const { trace_id: ofNotice } = await gateway.logged('notice.delivered')
    expect(lastAt(gateway, 'delivery')['traceparent']).toMatch(ANY)
    expect(lastAt(gateway, 'delivery')['traceparent']).toContain(String(ofMessage))
    expect(notice.headers['traceparent']).toMatch(ANY)
    expect(notice.headers['traceparent']).toContain(String(ofNotice))
  })

  test.each([
    ['nothing', ''],
    ['another format', 'CANARY'],
    ['an all-zero trace id', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['an all-zero span id', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capital letters', PARENT.toUpperCase()],
    ['more members than version 00', `${PARENT}-more`],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
  ])('if the request has %s, without a tracestate', async (_what, traceparent) => {
    const { gateway, seen } = await forwarding()
    await click(gateway, CLICK).set('traceparent', traceparent).set('tracestate', STATE).expect(200)
    expect(seen[0]?.['traceparent']).toMatch(ANY)
    expect(seen[0]?.['traceparent']).not.toContain(TRACE)
    expect(seen[0]).not.toHaveProperty('tracestate')
  })
})

test('a later version of trace context is read like version 00', async () => {
  const { gateway, seen } = await forwarding()
  await click(gateway, CLICK).set('traceparent', `cc-${TRACE}-${SPAN}-ff-what-comes-later`).expect(200)
  expect(seen[0]?.['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-03$`))
})

test.each([
  ['an invalid list', 'CANARY'],
  ['a key in capitals', 'Rojo=1'],
  ['more than 512 characters', `rojo=${'1'.repeat(250)},congo=${'1'.repeat(255)},a=1`],
  ['more than 32 members', Array.from({ length: 33 }, (_, at) => `k${at}=1`).join(',')],
  ['a character that headers cannot contain', 'rojo=سلام'],
])('a tracestate with %s is dropped, and the trace continues', async (_what, tracestate) => {
  const { gateway, seen } = await forwarding()
  const bytes = Buffer.from(tracestate).toString('latin1')
  await click(gateway, CLICK).set('traceparent', PARENT).set('tracestate', bytes).expect(200)
  expect(seen[0]?.['traceparent']).toMatch(CHILD)
  expect(seen[0]).not.toHaveProperty('tracestate')
})
