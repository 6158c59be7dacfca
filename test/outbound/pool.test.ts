import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { ExchangeRequest } from '../../src/outbound/exchange.ts'
import { ask, createPool, type Sockets } from '../../src/outbound/pool.ts'
import { startTestGateway } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'
import { V1, V2 } from '../support/messages.ts'
import { send } from '../support/requests.ts'

const pools: Sockets[] = []
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.destroy()))
})

const REQUEST: ExchangeRequest = { path: '/', headers: {}, body: '{}', timeoutMs: 5000, maxBytes: 1024 }

async function start(
  listener: RequestListener,
): Promise<{ server: Server; origin: string; pool: Sockets; sockets: Socket[] }> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener)
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  const origin = await originOf(server)
  const pool = createPool(origin, 5000, { maxSockets: 128 })
  pools.push(pool)
  return { server, origin, pool, sockets }
}

/** Resolves when the other side has ended this socket. */
function endOf(socket: Socket | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket === undefined) reject(new Error('no socket'))
    else if (socket.readableEnded) resolve()
    else socket.once('end', resolve)
  })
}

describe('a socket to Divar', () => {
  test('serves one send after another', async () => {
    const { origin, sockets } = await start((_request, response) => response.end('{}'))
    const gateway = await startTestGateway({ DIVAR_V1_API_URL: origin, DIVAR_API_URL: origin })
    for (const body of [V1, V2, V1, V2, V1]) expect((await send(gateway, body)).status).toBe(200)
    expect(sockets).toHaveLength(1)
  })

  test('serves one request at a time', async () => {
    const waiting: (() => void)[] = []
    const { pool, sockets } = await start((_request, response) => {
      waiting.push(() => response.end('{}'))
      if (waiting.length === 3) for (const answer of waiting) answer()
    })
    await Promise.all([ask(pool, REQUEST), ask(pool, REQUEST), ask(pool, REQUEST)])
    expect(sockets).toHaveLength(3)
  })

  test('is replaced after its maximum age, so that a changed DNS name is followed', async () => {
    const { origin, sockets } = await start((_request, response) => response.end('{}'))
    const pool = createPool(origin, 5000, { maxAgeMs: 0 })
    pools.push(pool)
    await ask(pool, REQUEST)
    const old = sockets[0]
    expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'answered', status: 200 })
    await endOf(old)
    expect(sockets).toHaveLength(2)
  })

  test('is not cut off when it is replaced while its request runs', async () => {
    const waiting: (() => void)[] = []
    const { origin, sockets } = await start((_request, response) => {
      waiting.push(() => response.end('{}'))
      if (waiting.length === 2) for (const answer of waiting) answer()
    })
    const pool = createPool(origin, 5000, { maxAgeMs: 0 })
    pools.push(pool)
    const answers = await Promise.all([ask(pool, REQUEST), ask(pool, REQUEST)])
    expect(answers).toMatchObject([{ kind: 'answered' }, { kind: 'answered' }])
    await endOf(sockets[0])
  })

  test('that the server closed is not used again', async () => {
    const { pool, sockets } = await start((_request, response) => response.setHeader('connection', 'close').end('{}'))
    for (let time = 0; time < 3; time += 1) {
      expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'answered', status: 200 })
    }
    expect(sockets).toHaveLength(3)
  })

  test.each([
    ['given up', {}, true],
    ['too long', { maxBytes: 1 }, false],
  ])('whose answer was %s is not used again', async (_, more, isGivenUp) => {
    const giveUp = new AbortController()
    let asked = 0
    const { pool, sockets } = await start((_request, response) => {
      asked += 1
      if (asked === 1 && isGivenUp) giveUp.abort()
      else response.end('{}')
    })
    await ask(pool, { ...REQUEST, ...more, signal: giveUp.signal })
    expect(await ask(pool, REQUEST)).toMatchObject({ kind: 'answered', body: Buffer.from('{}') })
    expect(sockets).toHaveLength(2)
  })
})

describe('when every socket is in use', () => {
  test('a request waits within its own deadline, and one that timed out is never written', async () => {
    const paths: string[] = []
    const full = Promise.withResolvers<undefined>()
    const { pool, sockets } = await start((request, response) => {
      paths.push(request.url ?? '')
      if (request.url === '/last') response.end('{}')
      else if (paths.length === 128) full.resolve(undefined)
    })
    const release = new AbortController()
    const holding = Array.from({ length: 128 }, () =>
      ask(pool, { ...REQUEST, path: '/held', timeoutMs: 60_000, signal: release.signal }),
    )
    await full.promise
    expect(await ask(pool, { ...REQUEST, path: '/waited', timeoutMs: 50 })).toEqual({
      kind: 'failed',
      begun: false,
      cause: 'remote',
      reason: 'timeout',
    })
    expect(sockets).toHaveLength(128)
    release.abort()
    for (const held of await Promise.all(holding))
      expect(held).toMatchObject({ begun: true, cause: 'aborted', reason: 'aborted' })
    expect(await ask(pool, { ...REQUEST, path: '/last' })).toMatchObject({ kind: 'answered', status: 200 })
    expect(paths).not.toContain('/waited')
  })
})
