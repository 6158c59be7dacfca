import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { startDatabaseProxy } from '../support/database-proxy.ts'
import { allowConnections, DATABASES, withStore } from '../support/databases.ts'
import type { TestGateway } from '../support/gateway.ts'
import { metricsOf, seriesOf } from '../support/metrics.ts'
import { problemOf, V1, V2 } from '../support/messages.ts'
import {
  ask,
  divarAt,
  eventually,
  post,
  queue,
  chatMessage,
  startDivar,
  startOn,
  retryOrCancel,
  textsReceivedBy,
  until,
} from '../support/outbox.ts'
import { click, CLICK, parseJson } from '../support/requests.ts'

async function readiness(gateway: TestGateway) {
  const { status, text } = await supertest(gateway.url).get('/readyz')
  return { status, body: parseJson(text) }
}

/** The gauges that are read from the store, without their labels. */
async function storeGauges(gateway: TestGateway): Promise<Record<string, number>> {
  const ofStore =
    /^(kenar_store_up|kenar_outbox_(?:queued|oldest_seconds)|kenar_store_rows_under_older_keys|kenar_store_bytes|kenar_grants)\b/
  const series = [...seriesOf(await metricsOf(gateway))]
  return Object.fromEntries(
    series.flatMap(([name, value]) => (ofStore.exec(name) ?? []).slice(1).map((gauge) => [gauge, value])),
  )
}

const AWAY = { status: 503, code: 'store_unavailable', detail: expect.stringMatching(/nothing was accepted/) }

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('while %s is unavailable', (kind) => {
  test('no message is accepted, requests without a store are served, and everything recovers by itself', async () => {
    const divar = await startDivar()
    const store = await withStore(kind, divarAt(divar))
    const url = String(store['DATABASE_URL'])
    const gateway = await startOn(store)
    divar.misbehave({ kind: 'answer', status: 503, headers: { 'retry-after': '60' } })
    const owed = await queue(gateway, chatMessage('c-1', 'owed'))
    await until(gateway, owed, 'queued', ({ attempts }) => attempts.length === 1)
    await allowConnections(url, false)

    const promises = [{ prefer: 'respond-async' }, { 'idempotency-key': 'k-1' }] as const
    for (const headers of [...promises, ...promises]) {
      const response = await post(gateway, V1, headers)
      expect(problemOf(response)).toMatchObject(AWAY)
      expect(response.headers['retry-after']).toBe('5')
    }
    for (const path of ['/messages', `/messages/${owed}`]) {
      expect(problemOf(await ask(gateway, path))).toMatchObject({ ...AWAY, detail: expect.any(String) })
    }
    for (const what of ['retry', 'cancel'] as const) {
      expect(problemOf(await retryOrCancel(gateway, owed, what))).toMatchObject({ ...AWAY, detail: expect.any(String) })
    }
    // A gateway that is taken from its balancer could not answer the clicks below.
    expect(await readiness(gateway)).toEqual({ status: 200, body: { status: 'ready', store: 'away' } })
    expect(await storeGauges(gateway)).toEqual({ kenar_store_up: 0 })
    expect((await supertest(gateway.url).get('/healthz')).status).toBe(200)
    expect((await click(gateway, CLICK)).status).toBe(200)
    expect((await post(gateway, V2)).status).toBe(200)
    divar.misbehave({ kind: 'answer', status: 429, headers: { 'retry-after': '0' } })
    expect((await post(gateway, V2)).status).toBe(429)

    await gateway.loggedWhen((all) => all.some(({ event, what }) => event === 'store.failed' && what === 'claim'))
    await allowConnections(url, true)
    await eventually(
      async () => ((await readiness(gateway)).body['store'] === 'ok' ? true : undefined),
      'the store is back',
    )
    await eventually(async () => {
      const { kenar_outbox_oldest_seconds: oldest, ...others } = await storeGauges(gateway)
      return oldest !== undefined && others['kenar_store_up'] === 1 ? true : undefined
    }, 'the gauges are read anew')
    await gateway.logged('store.up')
    expect(gateway.lines().filter(({ event }) => event === 'store.up' || event === 'store.back')).toHaveLength(1)
    // A refused message is not stored.
    expect(JSON.parse((await ask(gateway, '/messages')).text)).toMatchObject({ messages: [{ id: owed }] })
    expect((await retryOrCancel(gateway, owed, 'retry')).status).toBe(202)
    await until(gateway, owed, 'delivered')
    expect((await post(gateway, V1, { 'idempotency-key': 'k-1' })).status).toBe(200)
    await until(gateway, await queue(gateway, V1), 'delivered')

    const failures = gateway.lines().filter((line) => line['event'] === 'store.failed')
    expect(failures).toContainEqual(expect.objectContaining({ level: 'error', what: 'claim' }))
    expect(gateway.output()).not.toContain(new URL(url).pathname.slice(1))
  })

  test.each([
    [
      'the fallback landing',
      'https://app.example.com/fallback',
      { status: 200, url: 'https://app.example.com/fallback' },
    ],
    ['503 without a fallback landing', undefined, { status: 503, url: '' }],
  ])('a click whose landing needs the store gets %s', async (_, fallback, expected) => {
    const divar = await startDivar()
    const store = await withStore(kind, divarAt(divar))
    const gateway = await startOn(store, {
      LANDING_URL_TEMPLATE: 'https://app.example.com/{click_id}',
      ...(fallback !== undefined && { FALLBACK_LANDING_URL: fallback }),
    })
    await allowConnections(String(store['DATABASE_URL']), false)
    const { status, text } = await click(gateway, CLICK)
    expect({ status, url: parseJson(text)['url'] }).toEqual(expected)
    await allowConnections(String(store['DATABASE_URL']), true)
  })

  test('a click whose landing needs the store gets the fallback landing while other requests still wait for the store', async () => {
    const store = await withStore(kind)
    const proxy = await startDatabaseProxy(String(store['DATABASE_URL']))
    const gateway = await startOn(store, {
      DATABASE_URL: proxy.url,
      LANDING_URL_TEMPLATE: 'https://app.example.com/{click_id}',
      FALLBACK_LANDING_URL: 'https://app.example.com/fallback',
    })
    proxy.stallAll()
    let isRefused = false
    const refused = post(gateway, V1, { prefer: 'respond-async' }).then(({ status }) => {
      isRefused = true
      return status
    })
    expect(parseJson((await click(gateway, CLICK)).text)['url']).toBe('https://app.example.com/fallback')
    expect(isRefused).toBe(false)
    proxy.cutStalled()
    expect(await refused).toBe(503)
  })

  test('the outcome of a running attempt is committed once the store is back, and the attempt is not repeated', async () => {
    const divar = await startDivar()
    const store = await withStore(kind, divarAt(divar))
    const url = String(store['DATABASE_URL'])
    const gateway = await startOn(store)
    const slowly = { kind: 'answer', status: 200, body: '{"status":200}', delayMs: 700 } as const
    divar.misbehave(slowly)
    const id = await queue(gateway, V2)
    await eventually(() => Promise.resolve(divar.received[0]), 'the attempt')
    divar.misbehave(slowly)
    const keyed = post(gateway, V1, { 'idempotency-key': 'k-1' }).then((response) => response)
    await eventually(() => Promise.resolve(divar.received[1]), 'the other attempt')
    await allowConnections(url, false)
    await gateway.loggedWhen((all) => all.some((line) => line['event'] === 'store.failed' && line['what'] === 'finish'))
    await allowConnections(url, true)
    expect((await keyed).status).toBe(200)
    expect((await until(gateway, id, 'delivered')).attempts).toHaveLength(1)
    await eventually(async () => {
      const again = await post(gateway, V1, { 'idempotency-key': 'k-1' })
      return again.status === 200 && again.headers['idempotent-replayed'] === 'true' ? true : undefined
    }, 'the kept answer')
    expect(textsReceivedBy(divar)).toHaveLength(2)
  })
})
