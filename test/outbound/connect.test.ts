import { createServer } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, test } from '@jest/globals'
import type { Resolve } from '../../src/outbound/connect.ts'
import { ask, type ExchangeRequest } from '../../src/outbound/exchange.ts'
import { createPool } from '../../src/outbound/pool.ts'
import { originOf } from '../support/listen.ts'

const REQUEST: ExchangeRequest = { path: '/', headers: {}, body: '{}', timeoutMs: 5000, maxBytes: 1024 }
const ends: (() => unknown)[] = []
afterAll(() => Promise.all(ends.map((end) => end())))

/** A server whose thread sleeps until it is woken; its backlog is full, so that further handshakes wait with it. */
async function startAsleep(host: string): Promise<{ port: number; wake: () => void }> {
  const sleeping = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const server = require('node:http').createServer((request, response) => response.end('late'))
     server.listen({ port: 0, host: '${host}', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       setImmediate(() => Atomics.wait(workerData, 0, 0))
     })`,
    { eval: true, workerData: sleeping },
  )
  ends.push(() => worker.terminate())
  const port = await new Promise<unknown>((resolve) => worker.once('message', resolve))
  if (typeof port !== 'number') throw new Error('expected a port')
  const fillers = Array.from({ length: 2 }, () => connectTcp(port, host).on('error', () => undefined))
  ends.push(() => {
    for (const filler of fillers) filler.destroy()
  })
  await Promise.all(fillers.map((filler) => once(filler, 'connect')))
  return {
    port,
    wake: () => {
      Atomics.store(sleeping, 0, 1)
      Atomics.notify(sleeping, 0)
    },
  }
}

async function startAwake(host: string, port: number): Promise<void> {
  const server = createServer((_request, response) => response.end('awake')).listen(port, host)
  ends.push(() => server.close())
  await once(server, 'listening')
}

function poolTo(port: number, ...addresses: string[]) {
  const resolve: Resolve = (_, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    )
  }
  const pool = createPool(`http://two.example:${port}`, 5000, { resolve })
  ends.push(() => pool.destroy())
  return pool
}

test('an address whose handshake takes long is waited for when the other refuses', async () => {
  const { port, wake } = await startAsleep('127.0.0.1')
  const exchange = ask(poolTo(port, '127.0.0.1', '127.0.0.2'), REQUEST)
  await setTimeout(600)
  wake()
  expect(await exchange).toMatchObject({ kind: 'answered', body: Buffer.from('late') })
})

test('an address that does not answer holds up the other for no longer than a quarter of a second', async () => {
  const { port } = await startAsleep('127.0.0.1')
  await startAwake('127.0.0.2', port)
  const exchange = await ask(poolTo(port, '127.0.0.1', '127.0.0.2'), { ...REQUEST, timeoutMs: 4000 })
  expect(exchange).toMatchObject({ kind: 'answered', body: Buffer.from('awake') })
})

test('where no address answers, the request was not sent', async () => {
  const server = createServer()
  const port = Number(new URL(await originOf(server)).port)
  await new Promise((closed) => server.close(closed))
  expect(await ask(poolTo(port, '127.0.0.1', '127.0.0.2'), REQUEST)).toEqual({
    kind: 'failed',
    begun: false,
    reason: 'ECONNREFUSED',
  })
  expect(await ask(poolTo(port), REQUEST)).toMatchObject({ kind: 'failed', begun: false })
})
