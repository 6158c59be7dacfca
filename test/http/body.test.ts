import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import { Fault } from '../../src/base/fault.ts'
import { MAX_BODY_BYTES, readJsonBody } from '../../src/http/request.ts'
import { messageClasses } from '../../src/http/listener.ts'
import { originOf } from '../support/listen.ts'

/** What a route waits for before it reads. */
let arrived = Promise.withResolvers<undefined>()
let mayRead = Promise.withResolvers<undefined>()

const app = express()
const classes = messageClasses(app)
app.post('/late', async (request, response) => {
  arrived.resolve(undefined)
  await mayRead.promise
  response.endJson(200, await readJsonBody(request).catch((error: unknown) => error instanceof Fault && error.code))
})
const origin = await originOf(createServer(classes, app))

/** Sends the parts before the route reads, or the last once it does, and gives back the body of the answer. */
async function post(framing: string, parts: readonly string[], sendsLastEarly: boolean): Promise<string> {
  arrived = Promise.withResolvers()
  mayRead = Promise.withResolvers()
  const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1' })
  await once(socket, 'connect')
  const head = ['POST /late HTTP/1.1', 'host: a', 'content-type: application/json', 'connection: close', framing]
  socket.write([...head, '\r\n'].join('\r\n'))
  await arrived.promise
  for (const part of sendsLastEarly ? parts : parts.slice(0, -1)) {
    await new Promise((resolve) => socket.write(part, resolve))
  }
  // What was sent before is there once the server has answered what came after it.
  await fetch(origin)
  mayRead.resolve(undefined)
  if (!sendsLastEarly) socket.write(parts.at(-1) ?? '')
  const answer = await text(socket)
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

const LONG = JSON.stringify({ long: 'x'.repeat(MAX_BODY_BYTES - 100) })

describe.each([
  ['arrived before it is read', true],
  ['arrives while it is read', false],
])('a body that %s', (_, early) => {
  test.each([
    ['in one part', ['{"a":1}'], '{"a":1}'],
    ['in three parts', ['{"a"', ':', '1}'], '{"a":1}'],
    ['too large for a waiting socket', [LONG.slice(0, 70_000), LONG.slice(70_000)], LONG],
    ['without bytes', [''], '"malformed_request"'],
    ['larger than the limit', [LONG, ' '.repeat(200)], '"body_too_large"'],
  ])('reaches the route as it was sent, %s', async (_name, parts, expected) => {
    expect(await post(`content-length: ${parts.join('').length}`, parts, early)).toBe(expected)
  })

  test('reaches the route if sent in chunks', async () => {
    const parts = ['4\r\n{"a"\r\n', '3\r\n:1}\r\n', '0\r\n\r\n']
    expect(await post('transfer-encoding: chunked', parts, early)).toBe('{"a":1}')
  })

  test('is refused if too large, in chunks too', async () => {
    const chunks = Array.from({ length: 3 }, () => `c800\r\n${' '.repeat(0xc800)}\r\n`)
    const parts = [...chunks, '0\r\n\r\n']
    expect(await post('transfer-encoding: chunked', parts, early)).toBe('"body_too_large"')
  })
})

test('each request on one connection gets its own body', async () => {
  mayRead.resolve(undefined)
  const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1' })
  const head = 'POST /late HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n'
  for (const last of ['', '', 'connection: close\r\n']) {
    const body = JSON.stringify({ number: socket.bytesWritten })
    socket.write(`${head}${last}content-length: ${body.length}\r\n\r\n${body}`)
  }
  const numbers = [...(await text(socket)).matchAll(/\{"number":(\d+)\}/g)].map(([, number]) => Number(number))
  expect(numbers).toEqual([0, expect.any(Number), expect.any(Number)])
  expect(new Set(numbers).size).toBe(3)
})
