import { createServer, type ServerOptions } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, expect, test } from '@jest/globals'
import { deferTimeouts } from '../../src/http/listener.ts'
import { startTestGateway } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'
import { sendRaw } from '../support/requests.ts'

const workers: Worker[] = []
afterAll(() => Promise.all(workers.map((worker) => worker.terminate())))

/** A client in a thread of its own: writes the first piece, then the second while this thread is blocked. */
async function askAcrossPause(options: ServerOptions, first: string, second: string, pauseMs: number) {
  const server = createServer(options, (_request, response) => {
    // A connection that was ended wrongly is seen before this.
    void setTimeout(50).then(() => response.end('served'))
  })
  deferTimeouts(server, () => undefined)
  const port = Number(new URL(await originOf(server)).port)
  const worker = new Worker(
    `const { parentPort, workerData: { port, first, second } } = require('node:worker_threads')
     let text = ''
     const socket = require('node:net').connect(port, '127.0.0.1', () => socket.write(first))
     socket.on('data', (chunk) => { text += chunk }).on('error', () => {})
     socket.on('close', () => parentPort.postMessage(text))
     parentPort.on('message', () => setTimeout(() => socket.write(second), 50))`,
    { eval: true, workerData: { port, first, second } },
  )
  workers.push(worker)
  const answer = new Promise<unknown>((resolve) => worker.once('message', resolve))
  // The first piece is read, and its time begins.
  await new Promise((resolve) => server.once('connection', (socket) => socket.once('data', resolve)))
  await setTimeout(20)
  worker.postMessage('pause')
  // From here the next turn of the event loop begins with timers, as after a pause of the process.
  await setImmediate()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
  return answer
}

test('a head that arrived completely while the process was paused is served', async () => {
  const options = { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 20 }
  const first = 'GET / HTTP/1.1\r\nhost: x\r\n'
  expect(await askAcrossPause(options, first, 'connection: close\r\n\r\n', 500)).toMatch(/^HTTP\/1\.1 200 .*served$/s)
})

test('a head that did not arrive completely is refused', async () => {
  const options = { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 20 }
  expect(await askAcrossPause(options, 'GET / HTTP/1.1\r\nhost: x\r\n', 'x: y\r\n', 500)).toMatch(/^HTTP\/1\.1 408 /)
})

test('a request that came on an idle connection while the process was paused is served', async () => {
  const request = 'GET / HTTP/1.1\r\nhost: x\r\n'
  const answer = await askAcrossPause(
    { keepAliveTimeout: 200, keepAliveTimeoutBuffer: 0 },
    `${request}\r\n`,
    `${request}connection: close\r\n\r\n`,
    500,
  )
  expect(String(answer).match(/HTTP\/1\.1 200 /g)).toHaveLength(2)
})

test.each([
  ['something other than HTTP', 'nonsense\r\n\r\n', '400 Bad Request'],
  [
    'more than 16 KiB of headers',
    `GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(17_000)}\r\n\r\n`,
    '431 Request Header Fields Too Large',
  ],
])('%s is refused by Node, and the connection ends', async (_, bytes, status) => {
  const gateway = await startTestGateway()
  expect(await sendRaw(gateway.port, bytes)).toBe(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
})

test('idle connections are kept longer than proxies keep theirs: Keep-Alive: timeout=65', async () => {
  const gateway = await startTestGateway()
  const answer = await sendRaw(gateway.port, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n', (text) => text.includes('}'))
  expect(answer).toMatch(/^keep-alive: timeout=65\r$/im)
})
