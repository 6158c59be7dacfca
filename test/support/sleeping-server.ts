import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterAll } from '@jest/globals'
import { originOf } from './listen.ts'

const ends: (() => unknown)[] = []
afterAll(() => Promise.all(ends.map((end) => end())))

/** A server whose thread sleeps until it is woken; its backlog is full, so that further handshakes wait with it. */
export async function startSleepingServer(
  host: string,
): Promise<{ port: number; wake: () => void; closed: Promise<unknown> }> {
  const sleeping = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
     const server = require('node:http').createServer((request, response) => response.end('late'))
     server.on('connection', (socket) => socket.on('close', () => parentPort.postMessage('closed')))
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
    closed: new Promise<unknown>((resolve) => worker.once('message', resolve)),
    wake: () => {
      Atomics.store(sleeping, 0, 1)
      Atomics.notify(sleeping, 0)
    },
  }
}

/** A port on which nothing listens any more. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const { port } = new URL(await originOf(server))
  await new Promise((closed) => server.close(closed))
  return Number(port)
}
