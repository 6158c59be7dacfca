import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import type { Address, Resolve } from '../../src/outbound/connector.ts'
import type { ExchangeRequest } from '../../src/outbound/exchange.ts'
import { createPool, ask } from '../../src/outbound/pool.ts'
import { freePort, startSleepingServer } from '../support/sleeping-server.ts'
import { originOf } from '../support/listen.ts'

const REQUEST: ExchangeRequest = { path: '/', headers: {}, body: '{}', timeoutMs: 5000, maxBytes: 1024 }
const ends: (() => unknown)[] = []
afterAll(() => Promise.all(ends.map((end) => end())))

async function startAwake(host: string, port: number): Promise<void> {
  const server = createServer((_request, response) => response.end('awake')).listen(port, host)
  ends.push(() => server.close())
  await once(server, 'listening')
}

function poolTo(port: number, ...addresses: (string | Address)[]) {
  return poolBy(`http://two.example:${port}`, (_, callback) => {
    callback(
      null,
      addresses.map((one) => (typeof one === 'string' ? { address: one, family: 4 } : one)),
    )
  })
}

function poolBy(origin: string, resolve: Resolve, timeoutMs = 5000) {
  const pool = createPool(origin, timeoutMs, { resolve })
  ends.push(() => pool.destroy())
  return pool
}

test('a slow handshake with one address is waited for if the other address refuses', async () => {
  const { port, wake } = await startSleepingServer('127.0.0.1')
  const exchange = ask(poolTo(port, '127.0.0.1', '127.0.0.2'), REQUEST)
  await setTimeout(600)
  wake()
  expect(await exchange).toMatchObject({ kind: 'answered', body: Buffer.from('late') })
})

test('an address that does not answer delays the next address by at most a quarter of a second', async () => {
  const { port } = await startSleepingServer('127.0.0.1')
  await startAwake('127.0.0.2', port)
  const exchange = await ask(poolTo(port, '127.0.0.1', '127.0.0.2'), { ...REQUEST, timeoutMs: 4000 })
  expect(exchange).toMatchObject({ kind: 'answered', body: Buffer.from('awake') })
})

test('a connection that opens after another is already in use is closed', async () => {
  const { port, wake, closed } = await startSleepingServer('127.0.0.1')
  await startAwake('127.0.0.2', port)
  expect(await ask(poolTo(port, '127.0.0.1', '127.0.0.2'), REQUEST)).toMatchObject({ body: Buffer.from('awake') })
  wake()
  expect(await closed).toBe('closed')
})

test('an address that refuses is not waited for', async () => {
  const port = await freePort()
  await startAwake('127.0.0.9', port)
  const refusing = [2, 3, 4, 5, 6, 7, 8].map((last) => `127.0.0.${last}`)
  const exchange = ask(poolTo(port, ...refusing, '127.0.0.9'), REQUEST)
  const late = setTimeout(refusing.length * 250 - 100, 'late', { ref: false })
  expect(await Promise.race([exchange, late])).toMatchObject({ kind: 'answered' })
})

test('if all addresses of one family are unreachable, one of the other family is tried soon', async () => {
  const port = await freePort()
  await startAwake('127.0.0.99', port)
  const refusing = Array.from({ length: 20 }, (_, index) => `127.0.0.${index + 2}`)
  const pool = poolTo(port, ...refusing, { address: '127.0.0.99', family: 6 })
  expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'answered' })
})

test('a DNS lookup that takes too long ends the attempt', async () => {
  const pool = poolBy('http://slow.example', () => undefined, 100)
  expect(await ask(pool, { ...REQUEST, timeoutMs: 10_000 })).toEqual({
    kind: 'failed',
    begun: false,
    cause: 'remote',
    reason: 'UND_ERR_CONNECT_TIMEOUT',
  })
})

test('TLS uses the host name, not the address', async () => {
  const hello = Promise.withResolvers<Buffer>()
  const server = createTcpServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', (chunk) => {
        hello.resolve(chunk)
        socket.destroy()
      })
  })
  const { port } = new URL(await originOf(server))
  const pool = poolBy(`https://two.example:${port}`, (_, callback) => {
    callback(null, [{ address: '127.0.0.1', family: 4 }])
  })
  expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'failed', begun: false })
  expect((await hello.promise).includes('two.example')).toBe(true)
})

test('if no address answers, the request counts as not sent', async () => {
  const port = await freePort()
  expect(await ask(poolTo(port, '127.0.0.1', '127.0.0.2'), REQUEST)).toEqual({
    kind: 'failed',
    begun: false,
    cause: 'remote',
    reason: 'ECONNREFUSED',
  })
  expect(await ask(poolTo(port), REQUEST)).toMatchObject({ kind: 'failed', begun: false })
})

test('at most eight addresses of a name are tried', async () => {
  const port = await freePort()
  await startAwake('127.0.0.20', port)
  const refusing = (count: number) => Array.from({ length: count }, (_, index) => `127.0.0.${index + 2}`)
  expect(await ask(poolTo(port, ...refusing(8), '127.0.0.20'), REQUEST)).toMatchObject({ reason: 'ECONNREFUSED' })
  expect(await ask(poolTo(port, ...refusing(7), '127.0.0.20'), REQUEST)).toMatchObject({ kind: 'answered' })
})
