import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { Exchange, ExchangeRequest } from '../../src/outbound/exchange.ts'
import { ask, createPool, type Sockets } from '../../src/outbound/pool.ts'
import { originOf } from '../support/listen.ts'

const pools: Sockets[] = []
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.destroy()))
})

function poolTo(origin: string): Sockets {
  const pool = createPool(origin, 5000)
  pools.push(pool)
  return pool
}

const REQUEST: ExchangeRequest = { path: '/', headers: {}, body: 'سلام', timeoutMs: 5000, maxBytes: 1024 }

async function postTo(listener: RequestListener, more: Partial<ExchangeRequest> = {}): Promise<Exchange> {
  return ask(poolTo(await originOf(createServer(listener))), { ...REQUEST, ...more })
}

/** Writes these bytes as soon as a request comes. */
async function postToBytes(bytes: string, more: Partial<ExchangeRequest> = {}, end = true): Promise<Exchange> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      if (end) socket.end(bytes)
      else socket.write(bytes)
    })
  })
  return ask(poolTo(await originOf(server)), { ...REQUEST, ...more })
}

describe('an answer', () => {
  test('has its status, its headers and its body, byte for byte', async () => {
    const bytes = Buffer.from([0, 255, 128, 10])
    const exchange = await postTo((request, response) => {
      let body = ''
      request.setEncoding('utf8')
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => response.writeHead(207, { 'x-body': encodeURIComponent(body) }).end(bytes))
    })
    expect(exchange).toMatchObject({ kind: 'answered', status: 207, headers: { 'x-body': encodeURIComponent('سلام') } })
    expect(exchange).toHaveProperty('body', bytes)
  })

  test('is requested uncompressed', async () => {
    const exchange = await postTo((request, response) => response.end(request.headers['accept-encoding']))
    expect(exchange).toHaveProperty('body', Buffer.from('identity'))
  })

  test.each([301, 307, 401, 404, 429, 500, 503])(
    'of %d is returned like any other, after one request',
    async (status) => {
      let asked = 0
      const exchange = await postTo((_request, response) => {
        asked += 1
        response.writeHead(status, { location: '/', 'retry-after': '0' }).end('no')
      })
      expect(exchange).toMatchObject({ kind: 'answered', status, body: Buffer.from('no') })
      expect(asked).toBe(1)
    },
  )

  test('after an informational one is the final one', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n'
    const exchange = await postToBytes(`${early}HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno`)
    expect(exchange).toMatchObject({ kind: 'answered', status: 403, body: Buffer.from('no') })
  })

  test.each([
    ['as long as the limit has its body', 1024, 1024],
    ['one byte over the limit has its status, but no body', 1025, undefined],
    ['without end has its status, but no body', 5_000_000, undefined],
  ])('%s', async (_, size, expected) => {
    const exchange = await postTo((_request, response) => response.writeHead(403).end('x'.repeat(size)))
    expect(exchange).toMatchObject({ kind: 'answered', status: 403 })
    expect(exchange).toHaveProperty('body', expected === undefined ? undefined : Buffer.alloc(expected, 'x'))
  })

  test.each([
    ['of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}'],
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n'],
  ])('%s that is truncated has no body', async (_, bytes) => {
    expect(await postToBytes(bytes)).toMatchObject({ kind: 'answered', status: 200, body: undefined })
  })

  test('that stops in its middle has its status, but no body', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}'
    const exchange = await postToBytes(bytes, { timeoutMs: 100 }, false)
    expect(exchange).toMatchObject({ kind: 'answered', status: 200, body: undefined })
  })
})

describe('without a status, the result says whether the request may have been written', () => {
  test.each([
    ['a reset', (socket: Socket) => socket.resetAndDestroy()],
    ['an end of the connection', (socket: Socket) => socket.end()],
    ['another protocol', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
    ['half a status line', (socket: Socket) => socket.end('HTTP/1.1 2')],
  ])('%s after the request arrived: yes', async (_, act) => {
    let bytes = ''
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (chunk) => {
        bytes += chunk.toString('latin1')
        act(socket)
      })
    })
    const exchange = await ask(poolTo(await originOf(server)), REQUEST)
    expect(exchange).toEqual({ kind: 'failed', begun: true, cause: 'remote', reason: expect.stringMatching(/./) })
    expect(bytes.match(/^POST \/ /gm)).toHaveLength(1)
  })

  test('no answer: yes', async () => {
    const exchange = await postTo(() => undefined, { timeoutMs: 100 })
    expect(exchange).toEqual({ kind: 'failed', begun: true, cause: 'remote', reason: 'timeout' })
  })

  test('a caller that gives up: yes', async () => {
    const giveUp = new AbortController()
    const exchange = await postTo(
      () => {
        giveUp.abort()
      },
      { signal: giveUp.signal },
    )
    expect(exchange).toEqual({ kind: 'failed', begun: true, cause: 'aborted', reason: 'aborted' })
  })

  test('a caller that had given up before: no', async () => {
    let asked = 0
    const origin = await originOf(createServer((_request, response) => response.end(String((asked += 1)))))
    const pool = poolTo(origin)
    const exchange = await ask(pool, { ...REQUEST, signal: AbortSignal.abort() })
    expect(exchange).toEqual({ kind: 'failed', begun: false, cause: 'aborted', reason: 'aborted' })
    expect(await ask(pool, REQUEST)).toMatchObject({ body: Buffer.from('1') })
  })

  test.each([
    ['a refused connection', 'http://127.0.0.1:9'],
    ['an unknown name', 'http://nowhere.invalid'],
  ])('%s: no', async (_, origin) => {
    const exchange = await ask(poolTo(origin), REQUEST)
    expect(exchange).toEqual({
      kind: 'failed',
      begun: false,
      cause: 'remote',
      reason: expect.stringMatching(/^E[A-Z_]+$/),
    })
  })

  test('a connection cut during the TLS handshake: no', async () => {
    const origin = await originOf(
      createTcpServer((socket) => {
        socket.on('error', () => undefined).once('data', () => socket.destroy())
      }),
    )
    const exchange = await ask(poolTo(origin.replace('http:', 'https:')), { ...REQUEST, timeoutMs: 1000 })
    expect(exchange).toEqual({ kind: 'failed', begun: false, cause: 'remote', reason: expect.stringMatching(/./) })
  })

  test('a header that cannot be written: no', async () => {
    const exchange = await ask(poolTo('http://127.0.0.1:9'), { ...REQUEST, headers: { 'x-bad': 'a\nb' } })
    expect(exchange).toMatchObject({ kind: 'failed', begun: false })
  })
})
