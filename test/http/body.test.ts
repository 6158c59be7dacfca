import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import { Fault } from '../../src/base/fault.ts'
import { MAX_BODY_BYTES, readJsonBody } from '../../src/http/body.ts'
import { guardedMessages } from '../../src/http/guarded.ts'
import { createServer } from '../../src/http/node-http.ts'
import { originOf } from '../support/listen.ts'

/** What a route waits for before it reads. */
let arrived = Promise.withResolvers<undefined>()
let mayRead = Promise.withResolvers<undefined>()

const app = express()
const messages = guardedMessages(app)
app.post('/late', async (request, response) => {
  arrived.resolve(undefined)
  await mayRead.promise
  response.endJson(200, await readJsonBody(request).catch((error: unknown) => error instanceof Fault && error.code))
})
const origin = await originOf(createServer(messages, app))

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
  ['whole before it is read', true],
  ['whole only after it is read', false],
])('a body that is %s', (_, early) => {
  test.each([
    ['in one part', ['{"a":1}'], '{"a":1}'],
    ['in three parts', ['{"a"', ':', '1}'], '{"a":1}'],
    ['too large for a socket that waits', [LONG.slice(0, 70_000), LONG.slice(70_000)], LONG],
    ['without bytes', [''], '"malformed_request"'],
    ['larger than is taken', [LONG, ' '.repeat(200)], '"body_too_large"'],
  ])('comes to the route as it was sent, %s', async (_name, parts, expected) => {
    expect(await post(`content-length: ${parts.join('').length}`, parts, early)).toBe(expected)
  })

  test('comes to the route in chunks', async () => {
    expect(await post('transfer-encoding: chunked', ['4\r\n{"a"\r\n', '3\r\n:1}\r\n', '0\r\n\r\n'], early)).toBe(
      '{"a":1}',
    )
  })

  test('is too large in chunks as well', async () => {
    const chunks = Array.from({ length: 3 }, () => `c800\r\n${' '.repeat(0xc800)}\r\n`)
    expect(await post('transfer-encoding: chunked', [...chunks, '0\r\n\r\n'], early)).toBe('"body_too_large"')
  })
})
