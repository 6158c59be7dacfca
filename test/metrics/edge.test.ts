import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { clickMenu, startConsentGateway } from '../support/consent.ts'
import { withStore } from '../support/databases.ts'
import { startTestGateway } from '../support/gateway.ts'
import { V1, V2 } from '../support/messages.ts'
import { metricsOf, seriesOf } from '../support/metrics.ts'
import { click, CLICK, send } from '../support/requests.ts'
import { resolverFile } from '../support/resolvers.ts'

const module = async (code: string) => ({ RESOLVER: 'module', RESOLVER_MODULE: await resolverFile(code) })

describe('GET /metrics counts clicks', () => {
  test('by wire and outcome, and landings by outcome', async () => {
    const gateway = await startTestGateway()
    await click(gateway, CLICK).expect(200)
    await click(gateway, CLICK).expect(200)
    await click(gateway, '{}').expect(400)
    await click(gateway, CLICK, '9').expect(400)
    await click(gateway, CLICK).set('authorization', 'wrong').expect(401)
    const series = seriesOf(await metricsOf(gateway))
    expect(series.get('kenar_clicks_total{wire="v1",outcome="resolved"}')).toBe(2)
    expect(series.get('kenar_clicks_total{wire="none",outcome="invalid_click"}')).toBe(1)
    expect(series.get('kenar_clicks_total{wire="none",outcome="unknown_version"}')).toBe(1)
    expect(series.get('kenar_clicks_total{wire="none",outcome="identification_refused"}')).toBe(1)
    expect(series.get('kenar_landings_total{outcome="landing"}')).toBe(2)
    expect(series.get('kenar_landings_total{outcome="refused"}')).toBe(3)
    expect(series.get('kenar_resolver_seconds_count')).toBe(2)
  })

  test('with an invalid message in their landing, which is also in the log line', async () => {
    const odd = await module(
      `export default ({ postToken }) => ({ url: 'https://app.example.com/', message: postToken === 'another' ? 'x'.repeat(201) : 200 })`,
    )
    const gateway = await startTestGateway(odd)
    await click(gateway, CLICK).expect(200, { status: '200', message: 'success', url: 'https://app.example.com/' })
    expect(await gateway.logged('click.resolved')).toMatchObject({ landing_message: 'dropped' })
    await click(gateway, { ...CLICK, post_token: 'another' }).expect(200)
    const series = seriesOf(await metricsOf(gateway))
    expect(series.get('kenar_landing_messages_changed_total{change="dropped"}')).toBe(1)
    expect(series.get('kenar_landing_messages_changed_total{change="shortened"}')).toBe(1)
  })

  test('that got the fallback, and those whose resolver failed without a fallback', async () => {
    const failing = await module(`export default () => { throw new Error('no') }`)
    const withFallback = await startTestGateway({ ...failing, FALLBACK_LANDING_URL: 'https://app.example.com/sorry' })
    await click(withFallback, CLICK).expect(200)
    const fellBack = seriesOf(await metricsOf(withFallback))
    expect(fellBack.get('kenar_clicks_total{wire="v1",outcome="fell_back"}')).toBe(1)
    expect(fellBack.get('kenar_landings_total{outcome="fallback"}')).toBe(1)

    const without = await startTestGateway(failing)
    await click(without, CLICK).expect(500)
    const failed = seriesOf(await metricsOf(without))
    expect(failed.get('kenar_clicks_total{wire="v1",outcome="resolver_failed"}')).toBe(1)
    expect(failed.get('kenar_resolver_seconds_count')).toBe(1)
  })

  test('that were sent to the consent page', async () => {
    const gateway = await startConsentGateway()
    await clickMenu(gateway)
    const series = seriesOf(await metricsOf(gateway))
    expect(series.get('kenar_clicks_total{wire="v2",outcome="consent_asked"}')).toBe(1)
    expect(series.get('kenar_landings_total{outcome="consent"}')).toBe(1)
    expect(series.get('kenar_landings_total{outcome="landing"}')).toBe(0)
  })

  test('and the time of resolvers; a missed deadline is above the bucket of the deadline', async () => {
    const gateway = await startTestGateway({
      RESOLVER_TIMEOUT_MS: '40',
      ...(await module(`export default () => new Promise(() => undefined)`)),
    })
    await click(gateway, CLICK).expect(500)
    const series = seriesOf(await metricsOf(gateway))
    expect(series.get('kenar_resolver_deadline_seconds')).toBe(0.04)
    expect(series.get('kenar_resolver_seconds_bucket{le="0.025"}')).toBe(0)
    expect(series.has('kenar_resolver_seconds_bucket{le="0.04"}')).toBe(true)
    expect(series.get('kenar_resolver_seconds_bucket{le="+Inf"}')).toBe(1)
    expect(series.get('kenar_resolver_seconds_sum')).toBeGreaterThan(0.03)
  })
})

describe('GET /metrics counts sends by wire and outcome', () => {
  test('those that were tried and those that were refused before', async () => {
    const gateway = await startTestGateway()
    await send(gateway, V1).expect(200)
    await send(gateway, V2).expect(200)
    gateway.divar.misbehave({ kind: 'answer', status: 403, body: '{}' })
    await send(gateway, V2).expect(403)
    await send(gateway, '{}').expect(400)
    await send(gateway, V2).set('x-api-key', 'wrong').expect(401)
    const series = seriesOf(await metricsOf(gateway))
    expect(series.get('kenar_sends_total{wire="v1",outcome="delivered"}')).toBe(1)
    expect(series.get('kenar_sends_total{wire="v2",outcome="delivered"}')).toBe(1)
    expect(series.get('kenar_sends_total{wire="v2",outcome="not_permitted"}')).toBe(1)
    expect(series.get('kenar_sends_total{wire="none",outcome="invalid_message"}')).toBe(1)
    expect(series.get('kenar_sends_total{wire="none",outcome="api_key_refused"}')).toBe(1)
  })

  test('those that were queued or answered from an earlier request, but not requests about messages', async () => {
    const gateway = await startTestGateway(await withStore('sqlite'))
    const sendAsync = () => send(gateway, V2).set('prefer', 'respond-async').set('idempotency-key', 'once')
    await sendAsync().expect(202)
    await sendAsync().expect(202)
    await supertest(gateway.internalUrl).get('/messages').expect(401)
    const series = seriesOf(await metricsOf(gateway))
    expect(series.get('kenar_sends_total{wire="v2",outcome="queued"}')).toBe(1)
    expect(series.get('kenar_sends_total{wire="v2",outcome="replayed"}')).toBe(1)
    expect(series.has('kenar_sends_total{wire="none",outcome="api_key_refused"}')).toBe(false)
    expect(series.get('kenar_outbox_queue_limit')).toBe(10_000)
  })
})

test('GET /metrics counts requests by route pattern, never by path', async () => {
  const gateway = await startTestGateway(await withStore('sqlite'))
  await click(gateway, CLICK).expect(200)
  await send(gateway, V2, '/v2/open-platform/conversations/c-1/messages').expect(200)
  await supertest(gateway.url).get('/clicks/clk_1234').expect(401)
  await supertest(gateway.url).get('/healthz').expect(200)
  await supertest(gateway.url).get('/nowhere/at/all').expect(404)
  const series = seriesOf(await metricsOf(gateway))
  const requests = [...series].filter(([name]) => name.startsWith('kenar_requests_total'))
  expect(Object.fromEntries(requests)).toEqual({
    'kenar_requests_total{route="/divar/session",status="2xx"}': 1,
    'kenar_requests_total{route="/v2/open-platform/conversations/:conversation_id/messages",status="2xx"}': 1,
    'kenar_requests_total{route="/clicks/:id",status="4xx"}': 1,
    'kenar_requests_total{route="/healthz",status="2xx"}': 1,
    'kenar_requests_total{route="none",status="4xx"}': 1,
  })
})

test('GET /metrics has the version and the event loop delay', async () => {
  const text = await metricsOf(await startTestGateway())
  expect(text).toMatch(/^kenar_build_info\{version="\d+\.\d+\.\d+"\} 1$/m)
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \S+$/m)
})

test('counters in alerts are 0 before the first event, so that the first event is an increase', async () => {
  const gateway = await startTestGateway(await withStore('sqlite'))
  const series = seriesOf(await metricsOf(gateway))
  for (const wire of ['v1', 'v2']) {
    expect(series.get(`kenar_outbox_ended_total{wire="${wire}",state="failed"}`)).toBe(0)
    expect(series.get(`kenar_outbox_ended_total{wire="${wire}",state="unknown"}`)).toBe(0)
    expect(series.get(`kenar_clicks_total{wire="${wire}",outcome="fell_back"}`)).toBe(0)
  }
  expect(series.get('kenar_outbox_ended_total{wire="webhook",state="failed"}')).toBe(0)
  expect(series.get('kenar_clicks_total{wire="none",outcome="identification_refused"}')).toBe(0)
})

describe("GET /metrics counts Divar's requests as Divar does", () => {
  const countOf = (series: Map<string, number>, route: string, result: string, le: string) =>
    series.get(`kenar_divar_request_seconds_bucket{route="${route}",result="${result}",le="${le}"}`)

  test('an answered one by its duration, a fallback included', async () => {
    const failing = await module(`export default () => { throw new Error('no') }`)
    const gateway = await startTestGateway({ ...failing, FALLBACK_LANDING_URL: 'https://app.example.com/sorry' })
    await click(gateway, CLICK).expect(200)
    const series = seriesOf(await metricsOf(gateway))
    expect(countOf(series, '/divar/session', 'answered', '3')).toBe(1)
    expect(countOf(series, '/divar/session', 'failed', '+Inf')).toBe(0)
  })

  test('a failed one as 5 s, and one with a wrong key not at all', async () => {
    const gateway = await startTestGateway(await module(`export default () => { throw new Error('no') }`))
    await click(gateway, CLICK).expect(500)
    await click(gateway, '{}').expect(400)
    await click(gateway, CLICK).set('authorization', 'wrong').expect(401)
    const series = seriesOf(await metricsOf(gateway))
    expect(countOf(series, '/divar/session', 'failed', '3')).toBe(0)
    expect(countOf(series, '/divar/session', 'failed', '5')).toBe(2)
    expect(series.get('kenar_divar_request_seconds_sum{route="/divar/session",result="failed"}')).toBe(10)
    expect(countOf(series, '/divar/session', 'answered', '+Inf')).toBe(0)
    expect(countOf(series, '/divar/events', 'failed', '+Inf')).toBe(0)
  })
})
