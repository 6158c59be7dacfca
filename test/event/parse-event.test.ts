import { describe, expect, test } from '@jest/globals'
import { identityText, lineText } from '../../src/event/event.ts'
import { parseEvent } from '../../src/event/parse-event.ts'
import { parseStrictJson } from '../../src/base/strict-json.ts'

/** The event without what differs each time, as its receiver reads it. */
function read(body: unknown): unknown {
  const { id, received_at, ...event } = parseEvent(body)
  expect(id).toMatch(/^dve_[\w-]{24}$/)
  expect(received_at).toMatch(/^\d{4}-.*Z$/)
  return JSON.parse(JSON.stringify(event))
}

const MESSAGE = {
  id: 'm-1',
  conversation: { id: 'c-1', type: 'POST', post_token: 'AZf3Uqr3' },
  sender: { side: 'BUYER', type: 'HUMAN' },
  type: 'TEXT',
  sent_at: '2026-11-29T16:01:54.123456Z',
  text: 'سلام',
}
const { conversation, sender, ...message } = MESSAGE

describe('an event is read', () => {
  test.each([
    ['NEW_MESSAGE', 'new_message'],
    ['NEW_CHATBOT_MESSAGE', 'new_chatbot_message'],
  ])('of the type %s, with its message, conversation and sender', (type, name) => {
    expect(read({ type, [name]: MESSAGE })).toEqual({ type, conversation, sender, message, extra: {} })
  })

  test.each([
    ['IMAGE', 'image_data', { id: 'i', link: 'https://a/', width_px: '10', height_px: 20 }, { width_px: 10 }],
    ['FILE', 'file_data', { name: 'a.pdf', size_bytes: '5' }, { size_bytes: 5 }],
    ['VOICE', 'voice_data', { link: 'https://a/', size_bytes: '7' }, { size_bytes: 7 }],
    ['VIDEO', 'video_data', { link: 'https://a/', size_bytes: 9, width_px: '4' }, { width_px: 4 }],
    ['LOCATION', 'location_data', { latitude: '35.68', longitude: 51.3 }, { latitude: 35.68 }],
    ['CONTACT', 'contact_data', { name: 'نام', phone: '09120000000' }, {}],
  ])('of a message of the type %s, with its %s', (type, name, data, numbers) => {
    const { text: _, ...others } = message
    const body = { type: 'NEW_MESSAGE', new_message: { ...MESSAGE, text: undefined, type, [name]: data } }
    expect(read(JSON.parse(JSON.stringify(body)))).toEqual({
      type: 'NEW_MESSAGE',
      conversation,
      sender,
      message: { ...others, type, [name]: { ...data, ...numbers } },
      extra: {},
    })
  })

  test('of a bot conversation, from its bot', () => {
    const bot = { ...MESSAGE, conversation: { id: 'b-1', type: 'BOT' }, sender: { type: 'BOT' } }
    expect(read({ type: 'NEW_CHATBOT_MESSAGE', new_chatbot_message: bot })).toEqual({
      type: 'NEW_CHATBOT_MESSAGE',
      conversation: { id: 'b-1', type: 'BOT' },
      sender: { type: 'BOT' },
      message,
      extra: {},
    })
  })

  test.each(['PUBLISH', 'RETIRE', 'ONGOING', 'ARCHIVE', 'SOMETHING_NEW'])('of a post update of the type %s', (type) => {
    const post_update = { type, post: { token: 't' } }
    expect(read({ type: 'POST_UPDATE', post_update })).toEqual({ type: 'POST_UPDATE', post_update, extra: {} })
  })

  test('of a revoked access, with the user', () => {
    const body = { type: 'USER_ACCESS_REVOCATION', user_access_revocation: { user_id: 'u-1' } }
    expect(read(body)).toEqual({ type: 'USER_ACCESS_REVOCATION', user_id: 'u-1', extra: {} })
  })

  test('of an updated post', () => {
    const body = { type: 'POST_UPDATE', post_update: { type: 'PUBLISH', post: { token: 't', title: 'x' } } }
    expect(read(body)).toEqual({ ...body, extra: {} })
    expect(read({ type: 'POST_UPDATE', post_update: { type: 'ARCHIVE', post: 't' } })).toMatchObject({
      post_update: { type: 'ARCHIVE', post: { token: 't' } },
    })
  })

  test.each(['transaction', 'payment_transaction'])('of a payment, under the name %s', (name) => {
    const body = { type: 'PAYMENT_TRANSACTION', [name]: { id: 't-1', amount: 5 } }
    expect(read(body)).toEqual({ type: 'PAYMENT_TRANSACTION', transaction: { id: 't-1', amount: 5 }, extra: {} })
  })

  test.each(['metadata', 'meta_data'])("with the subscription's metadata, under the name %s", (name) => {
    expect(read({ type: 'NEW_MESSAGE', [name]: { a: [1] } })).toMatchObject({ metadata: { a: [1] }, extra: {} })
  })

  test('of a type that is not known, with everything that came', () => {
    const body = { type: 'Something.New', something: { a: 1 }, '@type': 'x' }
    expect(read(body)).toEqual({ type: 'Something.New', extra: { something: { a: 1 }, '@type': 'x' } })
  })
})

describe('the time of a message becomes RFC 3339', () => {
  const at = '2026-11-29T16:01:54.123456Z'
  test.each([
    ['int64 microseconds', 1795968114123456, at],
    ['microseconds as digits', '1795968114123456', at],
    ['milliseconds', 1795968114123, '2026-11-29T16:01:54.123000Z'],
    ['seconds', '1795968114', '2026-11-29T16:01:54.000000Z'],
    ['nanoseconds as digits', '1795968114123456789', at],
    ['RFC 3339', at, at],
    ['RFC 3339 with nanoseconds', '2026-11-29T16:01:54.123456789Z', at],
    ['RFC 3339 without a fraction', '2026-11-29T16:01:54Z', '2026-11-29T16:01:54.000000Z'],
    ['RFC 3339 in Tehran', '2026-11-29T19:31:54.123456+03:30', at],
    ['RFC 3339 without a zone', '2026-11-29 16:01:54.123456', at],
  ])('from %s', (_, sentAt, expected) => {
    expect(read({ type: 'NEW_MESSAGE', new_message: { id: 'm-1', sent_at: sentAt } })).toEqual({
      type: 'NEW_MESSAGE',
      message: { id: 'm-1', sent_at: expected },
      extra: {},
    })
  })

  test.each([true, 'yesterday', '99999999999999999999', -1, 0, 1e300, {}, '2026-13-41T00:00:00Z', '٢'])(
    'and %j, which is no time, is kept as it came',
    (sentAt) => {
      expect(read({ type: 'NEW_MESSAGE', new_message: { id: 'm-1', sent_at: sentAt } })).toEqual({
        type: 'NEW_MESSAGE',
        message: { id: 'm-1' },
        extra: { new_message: { sent_at: sentAt } },
      })
    },
  )
})

describe('an odd part never fails an event', () => {
  test('a part of a wrong JSON type is kept as it came', () => {
    const body = {
      type: 'NEW_MESSAGE',
      new_message: { id: 'm-1', conversation: [1], sender: 'x', text: 5, image_data: 'x', '@type': 'y' },
      post_update: 7,
      user_access_revocation: [],
      transaction: 'x',
    }
    const { type, new_message, ...others } = body
    const { id, ...left } = new_message
    expect(read(body)).toEqual({ type, message: { id }, extra: { ...others, new_message: left } })
  })

  test('empty and null parts are absent', () => {
    const body = {
      type: 'NEW_MESSAGE',
      new_message: { id: '', text: null, sender: {}, conversation: null },
      metadata: null,
    }
    expect(read(body)).toEqual({ type: 'NEW_MESSAGE', extra: {} })
  })

  test('unknown members of its objects are kept under the name of the object', () => {
    const odd = { ...MESSAGE, seq: 1, sender: { ...sender, name: 'x' }, conversation: { ...conversation, n: 1 } }
    expect(read({ type: 'NEW_MESSAGE', new_message: odd })).toMatchObject({
      message,
      conversation,
      sender,
      extra: { new_message: { seq: 1, sender: { name: 'x' }, conversation: { n: 1 } } },
    })
  })

  test('a sender of the type USER is human', () => {
    const body = { type: 'NEW_MESSAGE', new_message: { id: 'm-1', sender: { type: 'USER' } } }
    expect(read(body)).toMatchObject({
      sender: { type: 'HUMAN' },
      extra: { new_message: { sender: { type: 'USER' } } },
    })
  })

  test('ids and sizes may be numbers or texts', () => {
    const body = {
      type: 'new_message',
      new_message: {
        id: 12,
        conversation: { id: 34 },
        image_data: { size_bytes: '5', width_px: 7, link: 'x', '@type': 'y' },
      },
    }
    expect(read(body)).toEqual({
      type: 'NEW_MESSAGE',
      conversation: { id: '34' },
      message: { id: '12', image_data: { size_bytes: 5, width_px: 7, link: 'x', '@type': 'y' } },
      extra: {},
    })
    expect(read({ type: 'X', new_message: { file_data: { size_bytes: '18446744073709551615' } } })).toMatchObject({
      message: { file_data: { size_bytes: '18446744073709551615' } },
    })
  })

  test('__proto__ is data', () => {
    const event = parseEvent(parseStrictJson(Buffer.from('{"type":"X","__proto__":{"a":1}}')))
    expect(JSON.stringify(event.extra)).toBe('{"__proto__":{"a":1}}')
  })

  test.each([
    [undefined],
    [null],
    [[]],
    ['NEW_MESSAGE'],
    [{}],
    [{ type: '' }],
    [{ type: 5 }],
    [{ type: null }],
    [{ type: '  ' }],
  ])('but %j is none', (body) => {
    expect(() => parseEvent(body)).toThrow(expect.objectContaining({ code: 'invalid_event' }))
  })
})

describe('an event is recognized', () => {
  const identity = (more: object, metadata?: unknown) =>
    identityText(parseEvent({ type: 'NEW_MESSAGE', new_message: { ...MESSAGE, ...more }, metadata }))

  test('by its type, conversation, message and metadata, whatever the order of their members', () => {
    expect(identity({ text: 'other' }, { a: 1, b: 2 })).toBe(identity({}, { b: 2, a: 1 }))
    const others = [identity({}, { a: 1 }), identity({ id: 'm-2' }), identity({ conversation: { id: 'c-2' } })]
    expect(new Set([identity({}), ...others]).size).toBe(4)
  })

  test("never without a message's id", () => {
    expect(identity({ id: null })).toBeUndefined()
    expect(identityText(parseEvent({ type: 'POST_UPDATE', post_update: { post: { token: 't' } } }))).toBeUndefined()
  })

  test('as one of a conversation only if it has one', () => {
    const one = parseEvent({ type: 'NEW_MESSAGE', new_message: MESSAGE })
    const bot = parseEvent({ type: 'NEW_CHATBOT_MESSAGE', new_chatbot_message: { ...MESSAGE, id: 'm-2' } })
    expect(lineText(one)).toBe(lineText(bot))
    const alone = { type: 'POST_UPDATE' }
    expect(lineText(parseEvent(alone))).not.toBe(lineText(parseEvent(alone)))
  })
})
