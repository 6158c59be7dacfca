import type { RequestListener } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { startTestGateway } from '../support/gateway.ts'
import { click, CLICK, fixture, type Json } from '../support/requests.ts'
import { startService } from '../support/resolvers.ts'

async function forwardTo(listener: RequestListener) {
  return startTestGateway({
    RESOLVER: 'forward',
    RESOLVER_URL: `${await startService(listener)}?tenant=1`,
    RESOLVER_SECRET: 's3cret',
    RESOLVER_TIMEOUT_MS: '300',
  })
}

describe('RESOLVER=forward calls a service', () => {
  test('with the Click as snake_case JSON, the shared secret, and a span of the same trace', async () => {
    const seen: Json[] = []
    const gateway = await forwardTo((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        seen.push({ url: request.url, method: request.method, headers: request.headers, body: JSON.parse(body) })
        response.end('{"url":"https://app.example.com/ok","message":"hi","on_denied":null}')
      })
    })
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const response = await click(gateway, { ...fixture('click-v1-seed'), new_key: 1 }).set(
      'traceparent',
      `00-${traceId}-00f067aa0ba902b7-01`,
    )
    expect(response.body).toEqual({ status: '200', message: 'hi', url: 'https://app.example.com/ok' })
    expect(seen).toEqual([
      {
        url: '/resolve?tenant=1',
        method: 'POST',
        headers: expect.objectContaining({
          'content-type': 'application/json',
          authorization: 'Bearer s3cret',
          traceparent: expect.stringMatching(new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`)),
        }),
        body: {
          id: expect.stringMatching(/^clk_/),
          wire: 'v1',
          post_token: 'AZf3Uqr3',
          user_id: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
          peer_id: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
          supplier_id: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
          demand_id: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
          side: 'demand',
          data: { order_id: 'A-1029', step: 'inspect' },
          location: { latitude: 35.683374373999364, longitude: 51.34850978851319 },
          return_url: 'https://open-platform-redirect.divar.ir/completion',
          extra: { new_key: 1 },
        },
      },
    ])
  })

  const failures: [string, RequestListener, RegExp][] = [
    [
      'a redirect, which is not followed',
      (_, response) => response.writeHead(302, { location: '/other' }).end(),
      /answered 302/,
    ],
    ['an error', (_, response) => response.writeHead(500).end('{"url":"https://app.example.com/"}'), /answered 500/],
    [
      'a success other than 200',
      (_, response) => response.writeHead(202).end('{"url":"https://app.example.com/"}'),
      /answered 202, expected 200/,
    ],
    ['no JSON', (_, response) => response.end('<html>'), /no well-formed JSON/],
    [
      'no Landing',
      (_, response) => response.end('{"location":"https://app.example.com/"}'),
      /url: expected a string, got undefined/,
    ],
    [
      'an answer of more than 64 KiB',
      (_, response) => response.end(JSON.stringify({ url: 'x'.repeat(65 * 1024) })),
      /passed 65536 bytes/,
    ],
    [
      'an endless answer',
      (_, response) => {
        const more = (error?: Error | null) => error ?? response.write('x'.repeat(10_000), more)
        more()
      },
      /passed 65536 bytes/,
    ],
    ['a cut connection', (_, response) => response.destroy(), /did not answer: UND_ERR_SOCKET/],
    ['nothing', () => undefined, /missed its deadline|timeout/],
    ['a trickle', (_, response) => void response.writeHead(200).write('{'), /missed its deadline|broke off/],
  ]
  test.each(failures)('and fails the click on %s', async (_, listener, reason) => {
    const gateway = await forwardTo(listener)
    expect((await click(gateway, CLICK)).status).toBe(500)
    expect(await gateway.logged('click.refused')).toMatchObject({ reason: expect.stringMatching(reason) })
  })

  test('and fails the click if nothing listens there', async () => {
    const gateway = await startTestGateway({
      RESOLVER: 'forward',
      RESOLVER_URL: 'http://127.0.0.1:1/',
      RESOLVER_SECRET: 's3cret',
    })
    expect((await click(gateway, CLICK)).status).toBe(500)
    expect(await gateway.logged('click.refused')).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') })
  })
})
