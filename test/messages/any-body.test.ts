import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { deliver, V1, V2 } from '../support/messages.ts'
import { send } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

/** Any code point but NUL, and something to be seen among them. */
const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 50 })
  .map((any) => any.replaceAll('\0', ''))
  .filter((any) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(any.replaceAll(/[\u2800\u3164\u115f\u1160\uffa0]/g, '')))

const anything = fc.jsonValue({ maxDepth: 3 })
/** Often right, often not. */
const or = (...right: fc.Arbitrary<unknown>[]) => fc.oneof(...right, anything)
const data = or(fc.dictionary(fc.string(), anything))
const link = fc.constantFrom('https://a.example/', 'http://b.example/?q', 'javascript:x')
const buttonV1 = fc.record(
  {
    action: or(fc.constantFrom('LINK', 'DIRECT_LINK')),
    data: or(
      fc.record(
        { icon_name: anything, extra_data: data, direct_link: or(link), caption: or(text) },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
)
const action = fc.record(
  {
    open_direct_link: or(link),
    open_server_link: or(fc.record({ data })),
    get_dynamic_action: or(fc.record({ data })),
    open_post_page: or(fc.record({ post_token: text })),
  },
  { requiredKeys: [] },
)
const buttonV2 = fc.record({ action: or(action), icon: anything, caption: or(text) }, { requiredKeys: [] })
const grid = fc.record({
  rows: or(fc.array(or(fc.record({ buttons: or(fc.array(buttonV2, { maxLength: 4 })) })), { maxLength: 4 })),
})
const message = fc.record(
  {
    conversation_id: or(fc.constant('c-1')),
    user_id: or(fc.constant('u-1')),
    post_token: or(fc.constant('p-1')),
    peer_id: or(fc.constant('u-2')),
    type: or(fc.constant('TEXT')),
    message: or(text),
    media_token: or(fc.constant('m-1')),
    sender_btn: or(buttonV1),
    receiver_buttons: or(grid),
  },
  { requiredKeys: [] },
)

describe('for any JSON', () => {
  test.each([
    ['of any kind', anything],
    ['near to a message', message],
  ])('%s, the message is delivered or refused with a 4xx', async (_, bodies) => {
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const before = gateway.divar.received.length
        const { status } = await send(gateway, JSON.stringify(body))
        expect([200, 400]).toContain(status)
        expect(gateway.divar.received).toHaveLength(before + (status === 200 ? 1 : 0))
      }),
      { numRuns: 200 },
    )
  })

  test('any other bytes are refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (body) => {
        expect((await send(gateway, body)).status).toBe(400)
      }),
    )
  })
})

describe('visible content arrives as it was written', () => {
  test('by v1: text, captions, icons, data', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, text, fc.dictionary(text, text), async (message, caption, icon, extra) => {
        const button = { action: 'LINK', data: { icon_name: icon, extra_data: extra, caption } }
        const body = { ...V1, type: 'TEXT', message, sender_btn: button, receiver_btn: button }
        expect((await deliver(gateway, body)).json).toEqual(JSON.parse(JSON.stringify(body)))
      }),
    )
  })

  test('by v2: text, captions, icons, data, and the id in the path', async () => {
    await fc.assert(
      fc.asyncProperty(text, text, text, fc.dictionary(text, text), async (message, caption, icon, data) => {
        const button = { action: { open_server_link: { data } }, icon, caption }
        const body = { message, sender_buttons: { rows: [{ buttons: [button] }] } }
        const id = `id-${message.replaceAll(/\p{Cc}/gu, '')}`
        const { arrived, json } = await deliver(gateway, { ...V2, ...body, conversation_id: id })
        expect(json).toEqual(JSON.parse(JSON.stringify(body)))
        expect(decodeURIComponent(arrived.path.split('/').at(-2) ?? '')).toBe(id)
      }),
    )
  })
})
