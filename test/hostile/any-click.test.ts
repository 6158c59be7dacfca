import { connect } from 'node:net'
import { beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { startTestGateway, type LogLine, type TestGateway } from '../support/gateway.ts'
import { click, CLICK, rawClick, replyOf, sendRaw } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

/** Bodies near enough to a click to get past the first checks. */
const nearClicks = fc.record(
  {
    post_token: fc.oneof(fc.string(), fc.jsonValue()),
    user_id: fc.oneof(fc.string(), fc.jsonValue()),
    peer_id: fc.oneof(fc.string(), fc.jsonValue()),
    user_side: fc.oneof(fc.string(), fc.jsonValue()),
    Supplier: fc.oneof(fc.record({ id: fc.string() }), fc.jsonValue()),
    callback_url: fc.oneof(fc.webUrl(), fc.jsonValue()),
    extra_data: fc.oneof(
      fc.record({
        provider_data: fc.jsonValue(),
        location: fc.record({ latitude: fc.double(), longitude: fc.jsonValue() }),
      }),
      fc.jsonValue(),
    ),
  },
  { requiredKeys: [] },
)

test('any JSON gets an answer with the three keys and a status that is not a server error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(nearClicks, fc.jsonValue()), fc.constantFrom('1', '2'), async (body, version) => {
      const response = await click(gateway, JSON.stringify(body), version)
      const reply = replyOf(response)
      expect(reply.status).toBe(String(response.status))
      expect([200, 400]).toContain(response.status)
      if (response.status === 400)
        expect(reply).toMatchObject({ url: '', message: expect.stringContaining('expected') })
    }),
    { numRuns: 500 },
  )
})

test('any bytes get a 4xx, and the gateway keeps running', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect(await sendRaw(gateway.port, rawClick(Buffer.from(bytes)))).toMatch(/^HTTP\/1\.1 4\d\d /)
    }),
    { numRuns: 200 },
  )
  expect((await click(gateway, CLICK)).status).toBe(200)
})

test('__proto__ and constructor are ordinary data, passed on to the resolver only', async () => {
  const body =
    '{"post_token":"p","user_id":"u","peer_id":"q","__proto__":{"url":"https://evil.example/"},"constructor":{"prototype":{"x":1}}}'
  expect(replyOf(await click(gateway, body)).url).toBe('https://app.example.com/start?post_token=p')
  expect('x' in {}).toBe(false)
})

test('a client that hangs up in the middle of a body disturbs no other', async () => {
  const half = rawClick('{"post_token":"p"}').subarray(0, -5)
  const own = await startTestGateway()
  const hungUp = (line: LogLine) => line['event'] === 'click.refused' && line['client_gone'] === true
  await Promise.all(Array.from({ length: 20 }, () => sendRawAndHangUp(own.port, half)))
  await own.loggedWhen((lines) => lines.filter(hungUp).length === 20)
  expect((await click(own, CLICK)).status).toBe(200)
  expect(own.lines().filter((line) => line['level'] === 'error')).toEqual([])
})

/** Ends our side of the connection after half a request. */
async function sendRawAndHangUp(port: number, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes, () => {
        socket.destroy()
        resolve()
      })
    })
  })
}
