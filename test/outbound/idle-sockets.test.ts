import { createServer } from 'node:http'
import { afterAll, afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { ask, createPool, type Sockets } from '../../src/outbound/pool.ts'
import { originOf } from '../support/listen.ts'

/** Time passes when the test says so; what comes over sockets takes as long as it takes. */
beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }))
afterEach(() => void jest.useRealTimers())

const pools: Sockets[] = []
afterAll(() => Promise.all(pools.map((pool) => pool.destroy())))

const REQUEST = { path: '/', headers: {}, body: '{}', timeoutMs: 600_000, maxBytes: 1024 }
/** A request may be on its way for so long when the server ends the socket. */
const MARGIN_MS = 400

test.each([
  ['one second announced, which leaves no margin', 'timeout=1', 0],
  ['two seconds announced', 'timeout=2', 2000 - MARGIN_MS],
  ['none announced, where Node closes it after five', undefined, 5000 - MARGIN_MS],
  ['an hour announced', 'timeout=3600', 5000 - MARGIN_MS],
])('an idle socket is dropped well before the server would close it: %s', async (_, announced, idleMs) => {
  let connections = 0
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => {
    if (announced !== undefined) response.setHeader('keep-alive', announced)
    response.setHeader('connection', 'keep-alive').end('{}')
  })
  const ended = new Promise<void>((resolve) => {
    server.on('connection', (socket) => {
      connections += 1
      socket.once('end', resolve)
    })
  })
  const pool = createPool(await originOf(server), 5000)
  pools.push(pool)
  expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'answered', status: 200 })
  await jest.advanceTimersByTimeAsync(idleMs)
  expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'answered', status: 200 })
  expect(connections).toBe(2)
  await ended
})

test('a socket that was idle for a second is reused', async () => {
  let connections = 0
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => {
    response.setHeader('connection', 'keep-alive').end('{}')
  })
  server.on('connection', () => (connections += 1))
  const pool = createPool(await originOf(server), 5000)
  pools.push(pool)
  for (let time = 0; time < 5; time += 1) {
    expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'answered', status: 200 })
    await jest.advanceTimersByTimeAsync(1000)
  }
  expect(connections).toBe(1)
})

test('a busy socket is replaced after a minute, so that a changed DNS name is followed', async () => {
  let connections = 0
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => response.end('{}'))
  server.on('connection', () => (connections += 1))
  const pool = createPool(await originOf(server), 5000)
  pools.push(pool)
  const connectionsAfter = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'answered', status: 200 })
      await jest.advanceTimersByTimeAsync(1000)
    }
    return connections
  }
  expect(await connectionsAfter(58)).toBe(1)
  expect(await connectionsAfter(5)).toBe(2)
})
