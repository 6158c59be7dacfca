import { createServer, type RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { createHost, MAX_SOCKETS } from '../../src/outbound/host.ts'

import { withBreaker } from '../../src/resolver/forward.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'
import { click, CLICK, replyOf } from '../support/requests.ts'
import { startService } from '../support/resolvers.ts'

const FALLBACK = 'https://app.example.com/sorry'
const LANDING = '{"url":"https://app.example.com/ok"}'
const LEFT_ALONE = 'RESOLVER_URL did not answer: left alone after 5 failures in a row'

/** A gateway before a service that answers like this, and how often it was asked. */
async function startBefore(listener: RequestListener, timeoutMs = 200) {
  let asked = 0
  const RESOLVER_URL = await startService((request, response) => {
    asked += 1
    listener(request, response)
  })
  const gateway = await startTestGateway({
    RESOLVER: 'forward',
    RESOLVER_URL,
    RESOLVER_SECRET: 's3cret',
    RESOLVER_TIMEOUT_MS: String(timeoutMs),
    FALLBACK_LANDING_URL: FALLBACK,
  })
  return { gateway, asked: () => asked, origin: new URL(RESOLVER_URL).origin }
}

async function fail(gateway: TestGateway, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    expect(replyOf(await click(gateway, CLICK))).toEqual({ status: '200', message: 'success', url: FALLBACK })
  }
}

describe('a resolver service that fails five times in a row is not called for a while', () => {
  const failing: [string, RequestListener][] = [
    ['answers 500', (_, response) => response.writeHead(500).end()],
    ['answers 503', (_, response) => response.writeHead(503).end()],
    ['cuts the connection', (_, response) => response.destroy()],
    ['never answers', () => undefined],
    ['answers a byte and no more', (_, response) => void response.writeHead(200).write('{')],
    ['answers without end', (_, response) => void response.writeHead(200).write('x'.repeat(70_000))],
  ]
  test.each(failing)('when it %s: the next click is answered without calling it', async (_, listener) => {
    const { gateway, asked, origin } = await startBefore(listener)
    await fail(gateway, 5)
    expect(asked()).toBe(5)
    await fail(gateway, 3)
    expect(asked()).toBe(5)
    expect(await gateway.logged('breaker.open')).toMatchObject({ level: 'error', host: origin })
    await gateway.loggedWhen((all) => all.filter(({ event }) => event === 'click.fell_back').length === 8)
    expect(gateway.lines().findLast(({ event }) => event === 'click.fell_back')).toMatchObject({ reason: LEFT_ALONE })
    const { text } = await supertest(gateway.url).get('/metrics').set('x-api-key', KEYS.caller)
    expect(text).toContain(`kenar_breaker_state{host="${origin}"} 2\n`)
  })

  test('when its port is closed', async () => {
    const gateway = await startTestGateway({
      RESOLVER: 'forward',
      RESOLVER_URL: 'http://127.0.0.1:1/',
      RESOLVER_SECRET: 's3cret',
    })
    for (let time = 0; time < 6; time += 1) expect((await click(gateway, CLICK)).status).toBe(500)
    await gateway.loggedWhen((all) => all.some(({ reason }) => reason === LEFT_ALONE))
    expect(gateway.lines().filter(({ event }) => event === 'breaker.open')).toHaveLength(1)
  })

  test('but a landing in between resets the count', async () => {
    let count = 0
    const { gateway, asked } = await startBefore((_, response) => {
      count += 1
      if (count === 5) response.end(LANDING)
      else response.writeHead(500).end()
    })
    await fail(gateway, 4)
    expect(replyOf(await click(gateway, CLICK)).url).toBe('https://app.example.com/ok')
    await fail(gateway, 4)
    expect(asked()).toBe(9)
    expect(gateway.lines().some(({ event }) => event === 'breaker.open')).toBe(false)
  })

  test.each([
    ['a refusal', 404, ''],
    ['an invalid landing', 200, '{"url":"http://app.example.com/"}'],
  ])('but %s counts as a working service', async (_, status, body) => {
    const { gateway, asked } = await startBefore((_request, response) => response.writeHead(status).end(body))
    await fail(gateway, 7)
    expect(asked()).toBe(7)
  })
})

test('after that time one call probes it while others are answered at once; once it works, all calls go through', async () => {
  let works = false
  let asked = 0
  const held = Promise.withResolvers<undefined>()
  const origin = await originOf(
    createServer((_, response) => {
      asked += 1
      if (works) void held.promise.then(() => response.end(LANDING))
      else response.writeHead(500).end()
    }),
  )
  const told: string[] = []
  const { host, state } = withBreaker(createHost(origin, 1000), (changed) => told.push(changed), 30)
  const send = () => host.send({ path: '/', headers: {}, body: '{}', timeoutMs: 5000, maxBytes: 1000 })
  for (let time = 0; time < 5; time += 1) expect(await send()).toMatchObject({ kind: 'answered', status: 500 })
  expect([state(), asked]).toEqual(['open', 5])
  works = true
  let probe = send()
  while (state() === 'open') {
    await probe
    await sleep(5)
    probe = send()
  }
  expect(await send()).toMatchObject({ kind: 'failed', reason: 'left alone after 5 failures in a row' })
  held.resolve(undefined)
  expect(await probe).toMatchObject({ kind: 'answered', status: 200 })
  expect(await send()).toMatchObject({ kind: 'answered', status: 200 })
  expect([asked, told]).toEqual([7, ['open', 'half_open', 'closed']])
  await host.destroy()
})

test('calls that the resolver timeout ended count as failures; calls that got no free socket do not', async () => {
  const inner = createHost(await originOf(createServer()), 1000)
  const { host, state } = withBreaker(inner, () => undefined)
  const request = { path: '/', headers: {}, body: '{}', timeoutMs: 5000, maxBytes: 1000 }
  for (let time = 0; time < 4; time += 1) await host.send({ ...request, signal: AbortSignal.timeout(5) })
  const given = new AbortController()
  const stuck = Array.from({ length: MAX_SOCKETS }, () => inner.send({ ...request, signal: given.signal }))
  for (let time = 0; time < 5; time += 1) {
    expect(await host.send({ ...request, timeoutMs: 1 })).toMatchObject({ reason: 'no socket in time' })
  }
  expect(state()).toBe('closed')
  given.abort()
  await Promise.all(stuck)
  await host.send({ ...request, signal: AbortSignal.timeout(5) })
  expect(state()).toBe('open')
  await inner.destroy()
})
