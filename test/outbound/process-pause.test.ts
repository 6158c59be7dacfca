import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, test } from '@jest/globals'
import { createHost, MAX_SOCKETS } from '../../src/outbound/host.ts'

const workers: Worker[] = []
afterAll(() => Promise.all(workers.map((worker) => worker.terminate())))

const request = { path: '/', headers: {}, body: '{}', maxBytes: 1000 }

/** A server in a thread of its own that holds its answers and, on request, sends them while this thread is blocked. */
async function startHolding() {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     const held = []
     let asked = 0
     const server = require('node:http').createServer((request, response) => {
       asked += 1
       request.resume().on('end', () => {
         held.push(response)
         parentPort.postMessage(asked)
       })
     })
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
     parentPort.on('message', (count) => setTimeout(() => {
       for (const response of held.splice(0, count)) response.end('{}')
     }, 50))`,
    { eval: true },
  )
  workers.push(worker)
  let asked = 0
  const port = await new Promise((resolve) => worker.once('message', resolve))
  worker.on('message', (count: number) => (asked = count))
  const origin = `http://127.0.0.1:${String(port)}`
  return {
    origin,
    asked: () => asked,
    release: (count: number) => {
      worker.postMessage(count)
    },
  }
}

/** From here the next turn of the event loop begins with timers, as after a pause of the process. */
async function standStill(ms: number): Promise<void> {
  await setImmediate()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('an answer that arrives while the process is paused is used, even if its deadline passed', async () => {
  const { origin, asked, release } = await startHolding()
  const host = createHost(origin, 5000)
  const sent = host.send({ ...request, timeoutMs: 1000 })
  while (asked() !== 1) await setImmediate()
  release(1)
  await standStill(1500)
  expect(await sent).toMatchObject({ kind: 'answered', status: 200 })
  await host.destroy()
})

test('a request whose socket came too late is not sent at all', async () => {
  const { origin, asked, release } = await startHolding()
  const host = createHost(origin, 5000)
  const held = Array.from({ length: MAX_SOCKETS }, () => host.send({ ...request, timeoutMs: 60_000 }))
  while (asked() !== MAX_SOCKETS) await setImmediate()
  const late = host.send({ ...request, timeoutMs: 200 })
  release(1)
  await standStill(500)
  expect(await late).toEqual({ kind: 'failed', begun: false, cause: 'local', reason: 'no socket in time' })
  release(MAX_SOCKETS)
  expect((await Promise.all(held)).every(({ kind }) => kind === 'answered')).toBe(true)
  // The place that it did not use is free.
  const next = Array.from({ length: MAX_SOCKETS }, () => host.send({ ...request, timeoutMs: 60_000 }))
  while (asked() !== 2 * MAX_SOCKETS) await setImmediate()
  release(MAX_SOCKETS)
  expect((await Promise.all(next)).every(({ kind }) => kind === 'answered')).toBe(true)
  await host.destroy()
})
