import { beforeAll, describe, expect, test } from '@jest/globals'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { click, CLICK, fixture, rawClick, replyOf, sendRaw } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

describe('a click is answered with its landing', () => {
  test.each([
    ['click-v1-seed', undefined, 'https://app.example.com/start?post_token=AZf3Uqr3&data.order_id=A-1029'],
    ['click-v1-menu', undefined, 'https://app.example.com/start?post_token=AZf3Uqr3'],
    ['click-v2-button', '2', 'https://app.example.com/start?post_token=wZC44q5D&data.order_id=A-1029'],
    ['click-v2-menu', '2', 'https://app.example.com/start?post_token=wZC44q5D'],
  ])('%s', async (name, version, url) => {
    const response = await click(gateway, fixture(name), version)
    expect(response.status).toBe(200)
    expect(response.headers['content-type']).toMatch(/^application\/json/)
    expect(response.text).toBe(JSON.stringify({ status: '200', message: 'success', url }))
  })

  test.each([
    ['API-Version', '2'],
    ['API_VERSION', '2'],
    ['api-version', ' 2 '],
  ])('v2 is recognized from %s: %s', async (name, version) => {
    const response = await click(gateway, { post_token: 'p2' }).set(name, version)
    expect(response.body).toMatchObject({ status: '200', url: 'https://app.example.com/start?post_token=p2' })
  })

  test('a click with an unreadable optional part is answered, and its log line counts the part', async () => {
    const body = { ...CLICK, post_token: 'odd-part', extra_data: [] }
    expect(replyOf(await click(gateway, body)).url).toBe('https://app.example.com/start?post_token=odd-part')
    expect(gateway.lines().at(-1)).toMatchObject({ event: 'click.resolved', absent_parts: 1 })
  })

  test('API-Version: 1 is v1', async () => {
    expect((await click(gateway, CLICK, '1')).status).toBe(200)
  })

  test('the last of duplicate keys wins', async () => {
    const response = await click(gateway, '{"post_token":"first","user_id":"u","peer_id":"q","post_token":"last"}')
    expect(replyOf(response).url).toBe('https://app.example.com/start?post_token=last')
  })

  test('Persian and bidirectional text is unchanged', async () => {
    const order = 'سفارش ۱۲ \u202bنیم‌فاصله\u202c'
    const response = await click(gateway, { ...CLICK, extra_data: { provider_data: { order_id: order } } })
    expect(new URL(replyOf(response).url).searchParams.get('data.order_id')).toBe(order)
  })

  test('a body of 100 KiB and nesting of 64 levels are accepted', async () => {
    const body = JSON.stringify({ ...CLICK, extra_data: { provider_data: { pad: '' } } })
    const padded = body.replace('"pad":""', `"pad":"${'x'.repeat(100 * 1024 - body.length)}"`)
    expect(Buffer.byteLength(padded)).toBe(100 * 1024)
    expect((await click(gateway, padded)).status).toBe(200)
    const deep = `{"post_token":"p","user_id":"u","peer_id":"q","x":${'['.repeat(63)}${']'.repeat(63)}}`
    expect((await click(gateway, deep)).status).toBe(200)
  })

  test('the answer is private, uncached, and does not describe the server', async () => {
    const { headers } = await click(gateway, CLICK)
    const { date, ...others } = headers
    expect(Date.parse(String(date))).not.toBeNaN()
    expect(others).toEqual({
      'cache-control': 'no-store',
      connection: expect.any(String),
      'content-length': expect.stringMatching(/^\d+$/),
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'content-type': 'application/json; charset=utf-8',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^req_/),
    })
  })

  test('a well-formed x-request-id is kept, another is replaced', async () => {
    const kept = await click(gateway, CLICK).set('x-request-id', 'abc-123')
    expect(kept.headers['x-request-id']).toBe('abc-123')
    const replaced = await click(gateway, CLICK).set('x-request-id', 'a b')
    expect(replaced.headers['x-request-id']).toMatch(/^req_/)
  })

  test("it has one log line with all fields, in the caller's trace", async () => {
    const own = await startTestGateway()
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    await click(own, { ...CLICK, callback_url: 'https://evil.example/' })
      .set('traceparent', `00-${traceId}-00f067aa0ba902b7-01`)
      .set('x-request-id', 'abc-123')
    expect(await own.logged('click.resolved')).toEqual({
      level: 'info',
      time: expect.any(String),
      event: 'click.resolved',
      request_id: 'abc-123',
      trace_id: traceId,
      status: 200,
      duration_ms: expect.any(Number),
      resolver_ms: expect.any(Number),
      click_id: expect.stringMatching(/^clk_/),
      wire: 'v1',
      resolver: 'template',
      return_url: 'replaced',
    })
    expect(own.lines()).toHaveLength(1)
  })
})

describe('while the identification key rotates', () => {
  test('the next key is accepted too', async () => {
    const rotating = await startTestGateway({ DIVAR_IDENTIFICATION_KEY_NEXT: 'next-key' })
    expect((await click(rotating, CLICK)).status).toBe(200)
    expect((await click(rotating, CLICK).set('authorization', 'next-key')).status).toBe(200)
    expect((await click(rotating, CLICK).set('authorization', 'next-kez')).status).toBe(401)
  })

  test('a key of Persian letters is compared by its bytes', async () => {
    const persian = await startTestGateway({ DIVAR_IDENTIFICATION_KEY: ' کلید شناسایی ' })
    const answer = await sendRaw(persian.port, rawClick(JSON.stringify(CLICK), 'کلید شناسایی'))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  })
})
