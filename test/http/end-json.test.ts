import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import express, { type Response } from 'express'
import { messageClasses } from '../../src/http/listener.ts'
import { originOf } from '../support/listen.ts'

const LONG = 'ی'.repeat(4 * 1024 * 1024)
const VALUES: Record<string, unknown> = { ascii: { a: 1 }, persian: { پیام: 'سلام' }, latin: { é: 'ÿ' }, long: LONG }

let waiting = Promise.withResolvers<Response>()

const app = express()
const classes = messageClasses(app)
app.all('/wait', (_request, response) => {
  waiting.resolve(response)
})
app.all('/with-header/:value', ({ params }, response) => {
  response.set('retry-after', '1').endJson(200, VALUES[params.value])
})
app.all('/:value', ({ params }, response) => {
  response.endJson(200, VALUES[params.value])
})
const origin = await originOf(createServer(classes, app))

async function open(): Promise<Socket> {
  const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1' })
  await once(socket, 'connect')
  return socket
}

/** All that comes in answer to this. */
async function ask(requests: string): Promise<string> {
  const socket = await open()
  socket.write(requests)
  return text(socket)
}

const getLast = (path: string, method = 'GET') => `${method} ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`

test.each(Object.entries(VALUES))('JSON arrives unchanged, with its length in bytes: %s', async (name, value) => {
  const [head = '', body = ''] = (await ask(getLast(`/${name}`))).split('\r\n\r\n')
  expect(body === JSON.stringify(value)).toBe(true)
  expect(head).toContain(`content-length: ${Buffer.byteLength(body)}\r\n`)
})

test.each(['/ascii', '/with-header/ascii'])(
  'JSON has its content type and its security headers once: %s',
  async (path) => {
    const answer = await ask(getLast(path))
    for (const line of ['content-type: application/json; charset=utf-8', 'cache-control: no-store']) {
      expect(answer.split(`\r\n${line}\r\n`)).toHaveLength(2)
    }
    expect(answer.includes('retry-after: 1')).toBe(path !== '/ascii')
  },
)

test('HEAD gets the headers and no body', async () => {
  const answer = await ask(getLast('/ascii', 'HEAD'))
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(answer).toMatch(/content-length: 7\r\n/)
  expect(answer).toMatch(/\r\n\r\n$/)
})

test('HTTP/1.0 clients get a content-length', async () => {
  expect(await ask('GET /ascii HTTP/1.0\r\n\r\n')).toMatch(/content-length: 7\r\n[^]*\r\n\r\n\{"a":1\}$/)
})

test('answers on one connection come in the order of the requests', async () => {
  waiting = Promise.withResolvers()
  const answered = ask(
    `GET /wait HTTP/1.1\r\nhost: a\r\n\r\nGET /persian HTTP/1.1\r\nhost: a\r\n\r\n${getLast('/ascii')}`,
  )
  const first = await waiting.promise
  first.endJson(200, 'first')
  const bodies = [...(await answered).matchAll(/\r\n\r\n("first"|\{.*?\})/g)].map(([, body]) => body)
  expect(bodies).toEqual(['"first"', '{"پیام":"سلام"}', '{"a":1}'])
})

test('an answer to a client that has left does not count as sent', async () => {
  waiting = Promise.withResolvers()
  const socket = await open()
  socket.write('GET /wait HTTP/1.1\r\nhost: a\r\n\r\n')
  const response = await waiting.promise
  const closed = once(response, 'close')
  socket.destroy()
  await closed
  response.endJson(200, 'late')
  await turn()
  expect(response.writableFinished).toBe(false)
})
