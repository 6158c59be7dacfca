import { createServer } from 'node:http'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, expect, test } from '@jest/globals'
import { createHost, MAX_SOCKETS, Semaphore } from '../../src/outbound/host.ts'

import { originOf } from '../support/listen.ts'

let connections = 0
let held = true
const waiting: (() => void)[] = []
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const answer = () => response.end('{}')
    if (held) waiting.push(answer)
    else answer()
  })
})
server.on('connection', () => (connections += 1))
let origin: string
beforeAll(async () => {
  origin = await originOf(server)
})

const request = { path: '/', headers: {}, body: '{}', maxBytes: 1000 }

test('after an outage new requests do not wait behind requests that have timed out', async () => {
  const host = createHost(origin, 5000)
  // The server takes requests and answers none: every socket is in use, and all other requests time out while waiting for one.
  const stuck = Array.from({ length: MAX_SOCKETS }, () => host.send({ ...request, timeoutMs: 15_000 }))
  const late = await Promise.all(Array.from({ length: 2000 }, () => host.send({ ...request, timeoutMs: 50 })))
  expect(new Set(late.map((exchange) => JSON.stringify(exchange)))).toEqual(
    new Set(['{"kind":"failed","begun":false,"cause":"local","reason":"no socket in time"}']),
  )
  // It recovers: the next request is served, and no connection was opened for those who had left.
  held = false
  for (const answer of waiting.splice(0)) answer()
  expect(await host.send({ ...request, timeoutMs: 15_000 })).toMatchObject({ kind: 'answered', status: 200 })
  expect((await Promise.all(stuck)).every(({ kind }) => kind === 'answered')).toBe(true)
  expect(connections).toBeLessThanOrEqual(MAX_SOCKETS + 1)
  await host.destroy()
})

test('closing a host ends all waiting requests at once', async () => {
  held = true
  const host = createHost(origin, 5000)
  const all = Array.from({ length: MAX_SOCKETS + 5 }, () => host.send({ ...request, timeoutMs: 600_000 }))
  await once(server, 'request')
  await host.destroy()
  const kinds = (await Promise.all(all)).map((exchange) => exchange.kind)
  expect(new Set(kinds)).toEqual(new Set(['failed']))
})

test('a request that cannot be sent uses no place and no socket', async () => {
  held = false
  const host = createHost(origin, 5000)
  const bad = [
    { headers: { x: 'a\nb' } },
    { headers: { x: 'سلام' } },
    { path: '/a b' },
    { path: '/a\r\nx: y' },
    { path: 'a' },
  ]
  for (let round = 0; round < 50; round += 1) {
    for (const part of bad) {
      expect(await host.send({ ...request, ...part, timeoutMs: 5000 })).toMatchObject({ kind: 'failed', begun: false })
    }
  }
  expect(await host.send({ ...request, timeoutMs: 15_000 })).toMatchObject({ kind: 'answered' })
  await host.destroy()
})

test('the deadline includes the wait for a socket', async () => {
  held = true
  waiting.length = 0
  const host = createHost(origin, 5000)
  const other = createHost(origin, 5000)
  const stuck = Array.from({ length: MAX_SOCKETS }, () => host.send({ ...request, timeoutMs: 60_000 }))
  while (waiting.length < MAX_SOCKETS) await setTimeout(1)
  const waited = host.send({ ...request, timeoutMs: 1000 })
  await setTimeout(600)
  // Its socket comes within its time; the answer does not. A request that begins now ends after it, however slow the machine is.
  waiting.shift()?.()
  const fresh = other.send({ ...request, timeoutMs: 1000 })
  const order: string[] = []
  const note = (name: string) => () => order.push(name)
  await Promise.all([waited.then(note('waited')), fresh.then(note('fresh'))])
  expect(order).toEqual(['waited', 'fresh'])
  expect(await waited).toEqual({ kind: 'failed', begun: true, cause: 'remote', reason: 'timeout' })
  held = false
  for (const answer of waiting.splice(0)) answer()
  await Promise.all(stuck)
  await Promise.all([host.destroy(), other.destroy()])
})

test('a place that becomes free is given to one waiting request', async () => {
  const places = new Semaphore(1)
  expect(places.tryAcquire()).toBe(true)
  const waiting = places.acquire(60_000)
  places.release()
  expect(await waiting).toBe(true)
  expect(places.tryAcquire()).toBe(false)
})
