import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { startTestGateway } from '../support/gateway.ts'
import { click, CLICK, send, sendRaw } from '../support/requests.ts'
import { startHeldService } from '../support/resolvers.ts'

const MESSAGE = { conversation_id: 'c', message: 'hello' }

describe('on a shared port', () => {
  test('public and internal routes both answer', async () => {
    const gateway = await startTestGateway()
    expect(gateway.internalUrl).toBe(gateway.url)
    expect((await click(gateway, CLICK)).status).toBe(200)
    expect((await send(gateway, MESSAGE)).status).toBe(200)
  })
})

describe('with INTERNAL_PORT', () => {
  test('internal routes are 404 on PORT, and public ones on INTERNAL_PORT', async () => {
    const gateway = await startTestGateway({ INTERNAL_PORT: '0' })
    expect(gateway.internalUrl).not.toBe(gateway.url)
    expect((await send(gateway, MESSAGE)).status).toBe(200)
    expect((await click(gateway, CLICK)).status).toBe(200)
    const swapped = { ...gateway, url: gateway.internalUrl, internalUrl: gateway.url }
    expect((await send(swapped, MESSAGE)).status).toBe(404)
    expect((await supertest(gateway.url).get('/messages/msg_1')).status).toBe(404)
    expect((await click(swapped, CLICK)).status).toBe(404)
    expect(gateway.divar.received).toHaveLength(1)
  })
})

describe('health', () => {
  test('GET /healthz and /readyz answer 200, other methods 405', async () => {
    const gateway = await startTestGateway()
    for (const path of ['/healthz', '/readyz']) {
      expect((await supertest(gateway.url).get(path)).status).toBe(200)
      expect((await supertest(gateway.url).post(path)).status).toBe(405)
    }
    expect(gateway.output()).not.toContain('healthz')
  })

  test('/readyz answers 503 while draining', async () => {
    const service = await startHeldService('{"url":"https://app.example.com/"}')
    const gateway = await startTestGateway({
      RESOLVER: 'forward',
      RESOLVER_URL: service.url,
      RESOLVER_SECRET: 'x',
      RESOLVER_TIMEOUT_MS: '15000',
    })
    // A connection that was busy when the drain began may ask once more: this one waits for the second half of its head.
    const socket = connect(gateway.port, '127.0.0.1').setEncoding('latin1')
    socket.write('GET /readyz HTTP/1.1\r\n')
    const running = click(gateway, CLICK).then(({ status }) => status)
    await service.asked
    const stopped = gateway.stop()
    socket.write('host: x\r\n\r\n')
    const answered = String(await once(socket, 'data'))
    expect(answered).toMatch(/^HTTP\/1\.1 503 /)
    expect(answered).toContain('{"status":"draining"}')
    service.letGo()
    expect(await running).toBe(200)
    expect(await stopped).toBe(true)
  })
})

describe('a request that arrives while the gateway stops', () => {
  test('is answered on an open connection and on a new one, with connection: close', async () => {
    const gateway = await startTestGateway()
    const kept = connect(gateway.port, '127.0.0.1').setEncoding('latin1')
    kept.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(String(await once(kept, 'data'))).toMatch(/^HTTP\/1\.1 200 /)
    const stopped = gateway.stop()
    kept.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    const [answered, asked] = await Promise.all([once(kept, 'data'), supertest(gateway.url).get('/readyz')])
    expect(String(answered)).toMatch(/^HTTP\/1\.1 200 .*\r\nconnection: close\r\n/is)
    expect(asked.status).toBe(503)
    expect(asked.headers['connection']).toBe('close')
    expect(await stopped).toBe(true)
    await expect(supertest(gateway.url).get('/healthz')).rejects.toThrow(/ECONNREFUSED/)
  })

  test('is answered on a new connection even if the process is paused past the time in which it still accepts', async () => {
    const gateway = await startTestGateway({ SHUTDOWN_GRACE_MS: '2000' })
    const kept = connect(gateway.port, '127.0.0.1').setEncoding('latin1')
    kept.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(kept, 'data')
    const stopped = gateway.stop()
    const answers = Array.from({ length: 8 }, () => sendRaw(gateway.port, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'))
    pauseFor(600)
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(await stopped).toBe(true)
  })
})

describe('an unknown route', () => {
  test('answers 404 as a problem document with the request id and reveals nothing else', async () => {
    const gateway = await startTestGateway()
    const response = await supertest(gateway.url).get('/CANARY?x=CANARY').set('x-request-id', 'abc-1')
    expect(response.status).toBe(404)
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(JSON.parse(response.text)).toEqual({
      type: '/docs#not_found',
      title: 'Not found',
      status: 404,
      code: 'not_found',
      detail: 'path: expected one of the routes that GET /docs describes; with INTERNAL_PORT, /docs is on that port',
      request_id: 'abc-1',
    })
    expect(gateway.output()).not.toContain('CANARY')
  })

  test('names the documentation, also for /, which a newcomer opens first', async () => {
    const gateway = await startTestGateway()
    const response = await supertest(gateway.url).get('/')
    expect([response.status, response.text]).toEqual([404, expect.stringContaining('GET /docs')])
  })
})

/** From here the next turn of the event loop begins with timers, as after a pause of the process. */
function pauseFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
