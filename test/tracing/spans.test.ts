import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { clickMenu, startConsentGateway, completeFlow } from '../support/consent.ts'
import { startCollector, type TestCollector } from '../support/collector.ts'
import { withStore } from '../support/databases.ts'
import { startTestGateway } from '../support/gateway.ts'
import { V1, V2 } from '../support/messages.ts'
import { metricsOf, seriesOf } from '../support/metrics.ts'
import { answer, eventually, queue } from '../support/outbox.ts'
import { click, CLICK, send } from '../support/requests.ts'
import { startService } from '../support/resolvers.ts'
import { startWebhook } from '../support/webhook.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const SERVER = 2
const CLIENT = 3
const INTERNAL = 1
const ERROR = 2

const to = ({ url }: TestCollector) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url })

/** Asks for nothing that there is, many times over one connection; resolves when all is answered. */
async function askPipelined(port: number, times: number): Promise<void> {
  const head = 'GET /nowhere HTTP/1.1\r\nhost: gateway\r\n'
  const socket = connect(port, '127.0.0.1').resume()
  socket.write(`${`${head}\r\n`.repeat(times - 1)}${head}connection: close\r\n\r\n`)
  await once(socket, 'close')
}

/** How many spans ended how, by the gateway's own count. */
async function counted(gateway: { internalUrl: string }, outcome: string): Promise<number> {
  return seriesOf(await metricsOf(gateway)).get(`kenar_spans_total{outcome="${outcome}"}`) ?? 0
}

describe('OTEL_EXPORTER_OTLP_ENDPOINT gets', () => {
  test("a span of each click, with the resolver call below it, in the click's trace", async () => {
    const collector = await startCollector()
    const seen: unknown[] = []
    const url = await startService((request, response) => {
      seen.push(request.headers['traceparent'])
      request.resume().on('end', () => response.end('{"url":"https://app.example.com/ok"}'))
    })
    const forward = { RESOLVER: 'forward', RESOLVER_URL: url, RESOLVER_SECRET: 's3cret' }
    const gateway = await startTestGateway({ ...forward, ...to(collector) })
    await click(gateway, CLICK).set('traceparent', `00-${TRACE}-${SPAN}-01`).expect(200)
    const [server, client] = [await collector.find('POST /divar/session'), await collector.find('forward click')]
    const line = await gateway.logged('click.resolved')
    expect(server).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, kind: SERVER })
    expect(server.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/divar/session',
      'http.response.status_code': 200,
      event: 'click.resolved',
      click_id: line['click_id'],
      wire: 'v1',
      resolver: 'forward',
    })
    expect(client).toMatchObject({ traceId: TRACE, parentSpanId: server.spanId, kind: CLIENT })
    expect(client.attributes).toEqual({ 'http.response.status_code': 200 })
    expect(seen).toEqual([`00-${TRACE}-${client.spanId}-01`])
    expect(collector.paths()).toEqual(collector.paths().map(() => '/v1/traces'))
    expect(collector.resources()[0]).toMatchObject({ 'service.name': 'kenar-chat-gateway' })
  })

  test('a span of each send and its delivery; the trace starts here, sampled, and is in the log', async () => {
    const collector = await startCollector()
    const gateway = await startTestGateway(to(collector))
    gateway.divar.misbehave({ kind: 'answer', status: 500, body: '{}' })
    await send(gateway, V1).expect(502)
    const [server, client] = [await collector.find('POST /messages'), await collector.find('deliver v1')]
    const line = await gateway.logged('message.platform_error')
    expect(server.traceId).toBe(line['trace_id'])
    expect(server).not.toHaveProperty('parentSpanId')
    expect(server.status.code).toBe(ERROR)
    expect(server.attributes).toMatchObject({ code: 'platform_error', message_id: line['message_id'], wire: 'v1' })
    expect(client).toMatchObject({ parentSpanId: server.spanId, status: { code: ERROR } })
    const { timeline } = gateway.divar.conversation.snapshot()
    const headers = timeline.findLast(({ kind }) => kind === 'delivery')?.request?.headers
    expect(headers?.['traceparent']).toBe(`00-${server.traceId}-${client.spanId}-01`)
  })

  test('a span of each attempt of a stored message and of its status webhook', async () => {
    const [collector, webhook] = [await startCollector(), await startWebhook()]
    const store = await withStore('sqlite', webhook.environment)
    const gateway = await startTestGateway({ ...store, ...to(collector) })
    const id = await queue(gateway, V2)
    await collector.find('deliver notice')
    const ofMessage = collector.spans().find(({ attributes }) => attributes['outcome'] && attributes['wire'] === 'v2')
    expect(ofMessage).toMatchObject({ name: 'attempt', kind: INTERNAL })
    expect(ofMessage?.attributes).toEqual({ message_id: id, wire: 'v2', attempt: 1, outcome: 'delivered' })
    expect(await collector.find('deliver v2')).toMatchObject({ parentSpanId: ofMessage?.spanId })
    expect((await gateway.logged('message.delivered'))['trace_id']).toBe(ofMessage?.traceId)
  })

  test('a span of the authorization callback, with the token route and the user lookup', async () => {
    const collector = await startCollector()
    const gateway = await startConsentGateway({}, to(collector))
    await completeFlow(await clickMenu(gateway))
    const server = await collector.find('GET /oauth/callback')
    expect(server.attributes).toMatchObject({ event: 'consent.granted', grant_id: expect.stringMatching(/^grt_/) })
    expect(await collector.find('ask token')).toMatchObject({ parentSpanId: server.spanId, kind: CLIENT })
    expect(await collector.find('ask user')).toMatchObject({ parentSpanId: server.spanId, kind: CLIENT })
  })

  test('nothing of a trace that its caller does not sample', async () => {
    const collector = await startCollector()
    const gateway = await startTestGateway(to(collector))
    await click(gateway, CLICK).set('traceparent', `00-${TRACE}-${SPAN}-00`).expect(200)
    await send(gateway, V2).set('traceparent', `00-${TRACE}-${SPAN}-01`).expect(200)
    await gateway.stop()
    expect(
      collector
        .spans()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['POST /messages', 'deliver v2'])
  })

  test('queued spans when the gateway stops', async () => {
    const collector = await startCollector()
    const gateway = await startTestGateway(to(collector))
    await click(gateway, CLICK).expect(200)
    expect(await gateway.stop()).toBe(true)
    expect(collector.spans()).toHaveLength(1)
  })
})

describe('a collector that', () => {
  test('refuses is logged once; spans are counted as failed, and clicks are still served', async () => {
    let status = 503
    const collector = await startCollector(() => status)
    const gateway = await startTestGateway(to(collector))
    await click(gateway, CLICK).expect(200)
    await eventually(async () => ((await counted(gateway, 'failed')) >= 1 ? true : undefined), 'a failed span')
    expect(await gateway.logged('spans.not_exported')).toMatchObject({ reason: 'status 503', level: 'warn' })
    status = 200
    await click(gateway, CLICK).expect(200)
    await gateway.logged('spans.exported')
    expect(await counted(gateway, 'exported')).toBeGreaterThanOrEqual(1)
  })

  test('never answers delays the stop by no more than the grace', async () => {
    const collector = await startCollector(() => 'nothing')
    const gateway = await startTestGateway({ ...to(collector), SHUTDOWN_GRACE_MS: '200' })
    await click(gateway, CLICK).expect(200)
    expect(await gateway.stop()).toBe(true)
    expect(collector.spans()).toEqual([])
  })

  test('never answers fills a limited queue; further spans are dropped and counted', async () => {
    const collector = await startCollector(() => 'nothing')
    const gateway = await startTestGateway({ ...to(collector), SHUTDOWN_GRACE_MS: '100' })
    // A batch leaves the queue each time that one before it was given up, so there is no number of requests that fills it for certain.
    const drop = async () => {
      await Promise.all(Array.from({ length: 10 }, () => askPipelined(gateway.port, 200)))
      return (await counted(gateway, 'dropped')) > 0 ? true : undefined
    }
    await eventually(drop, 'a dropped span')
    expect(await counted(gateway, 'exported')).toBe(0)
  })
})

const CANARY = 'CANARY0912'

test('no path, id of a person, text, token or header of a request reaches the collector', async () => {
  const collector = await startCollector()
  const gateway = await startTestGateway({ ...(await withStore('sqlite')), ...to(collector) })
  const marked = {
    'x-request-id': CANARY,
    'user-agent': CANARY,
    cookie: CANARY,
    tracestate: `${CANARY.toLowerCase()}=1`,
  }
  await click(gateway, { post_token: CANARY, user_id: CANARY, peer_id: CANARY, [CANARY]: CANARY }).set(marked)
  await click(gateway, `{"${CANARY}`).set(marked)
  await click(gateway, CLICK).set('authorization', CANARY).set('traceparent', CANARY)
  for (const misbehaviour of [undefined, answer(403, `{"code":7,"message":"${CANARY}"}`), answer(200, CANARY)]) {
    if (misbehaviour) gateway.divar.misbehave(misbehaviour)
    await send(gateway, { conversation_id: CANARY, message: CANARY }).set(marked).set('x-access-token', CANARY)
  }
  await queue(gateway, { conversation_id: CANARY, message: CANARY }, { ...marked, 'x-access-token': CANARY })
  for (const path of [`/${CANARY}`, `/messages/${CANARY}?${CANARY}`, `/clicks/${CANARY}`, `/oauth/start/${CANARY}`]) {
    await fetch(`${gateway.url}${path}`, { headers: marked })
  }
  await collector.find('attempt')
  await gateway.stop()
  expect(collector.spans().length).toBeGreaterThan(10)
  expect(collector.text()).not.toMatch(new RegExp(CANARY, 'i'))
})
