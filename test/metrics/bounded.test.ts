import { METHODS } from 'node:http'
import { expect, test } from '@jest/globals'
import { startConsentGateway } from '../support/consent.ts'
import { metricsOf, seriesOf } from '../support/metrics.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { sendRaw } from '../support/requests.ts'

const CONNECTIONS = 20
const REQUESTS = 100

const PLACES = [
  (id: string) => `/${id}`,
  (id: string) => `/${id}/${id}?${id}=${id}`,
  (id: string) => `/messages/${id}`,
  (id: string) => `/messages/${id}/retry`,
  (id: string) => `/v2/open-platform/conversations/${id}/messages`,
  (id: string) => `/clicks/${id}`,
  (id: string) => `/users/${id}`,
  (id: string) => `/grants/${id}`,
  (id: string) => `/oauth/start/${id}`,
  (id: string) => `/oauth/callback?state=${id}&error=${id}`,
  (id: string) => `/divar/session?${id}`,
  (id: string) => `/DIVAR/SESSION/%2e%2e/${id}`,
  (id: string) => `/%${id}`,
]
// CONNECT and upgrades leave the pipeline of requests; a HEAD's answer is as long as it says only for others.
const VERBS = METHODS.filter((method) => method !== 'CONNECT')

/** One request that must not create a new series; its unusual parts contain the mark. */
function hostile(round: number, number: number): string {
  const id = `HOSTILE${round}x${number}`
  const path = PLACES[number % PLACES.length]?.(id) ?? '/'
  const verb = VERBS[(number * 7 + round) % VERBS.length] ?? 'GET'
  const headers = [
    'host: 127.0.0.1',
    `authorization: ${number % 3 === 0 ? KEYS.identification : id}`,
    `x-api-key: ${number % 2 === 0 ? KEYS.caller : id}`,
    `api-version: ${number % 5 === 0 ? '2' : id}`,
    `traceparent: ${id}`,
    `tracestate: ${id}=${id}`,
    `x-request-id: ${id}`,
    `user-agent: ${id}`,
    `${id}: ${id}`,
    'content-length: 0',
  ]
  return `${verb} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`
}

/** A connection's worth of them, one behind the other. */
async function attack({ port }: TestGateway, round: number): Promise<number> {
  const all = Array.from({ length: REQUESTS }, (_, number) => hostile(round, number))
  // What two servers could read differently ends its connection, so it comes last.
  const last = `GET http://HOSTILE${round}.example/messages HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`
  const text = await sendRaw(port, `${all.join('')}${last}`)
  return text.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0
}

test('thousands of hostile paths, methods and headers create no new series', async () => {
  const gateway = await startConsentGateway()
  let answered = 0
  for (let round = 1; round <= CONNECTIONS; round += 1) answered += await attack(gateway, round)
  expect(answered).toBe(CONNECTIONS * (REQUESTS + 1))
  const text = await metricsOf(gateway)
  expect(text).not.toMatch(/HOSTILE/i)
  const names = [...seriesOf(text).keys()]
  expect(names.length).toBeLessThan(1000)
  // Nor are they many of a kind: routes times classes of statuses, wires times codes.
  expect(names.filter((name) => name.startsWith('kenar_requests_total')).length).toBeLessThan(100)
  expect(names.filter((name) => /^kenar_(?:clicks|sends)_total/.test(name)).length).toBeLessThan(60)
})
