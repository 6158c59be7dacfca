import { beforeAll, describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf, V1, V1_PATH, V2, v2Path } from '../support/messages.ts'
import { BILLING, idOf, post, TWO_CALLERS } from '../support/outbox.ts'
import { rawSend, sendRaw } from '../support/requests.ts'

let keys = 0
function newKey(): string {
  return `key-${(keys += 1)}`
}

/** How often Divar got something during this. */
async function arrivals(gateway: TestGateway, work: () => Promise<unknown>): Promise<number> {
  const before = gateway.divar.received.length
  await work()
  return gateway.divar.received.length - before
}

describe.each(DATABASES)('Idempotency-Key on %s', (kind) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway(await withStore(kind, { INTERNAL_API_KEYS: TWO_CALLERS }))
  })
  const keyed = (key: string, body: string | object = V2, more: Record<string, string> = {}, path = '/messages') =>
    post(gateway, body, { 'idempotency-key': key, ...more }, path)

  describe('is the same key', () => {
    test.each([
      ['in quotes and bare', '"order 1"', 'order 1'],
      ['with escapes and without', '"a\\"b\\\\c"', 'a"b\\c'],
      ['with spaces around it', '  order-2  ', '"order-2"'],
    ])('%s', async (_, one, other) => {
      let ids: string[] = []
      const sent = await arrivals(gateway, async () => {
        ids = [idOf(await keyed(one)), idOf(await keyed(other))]
      })
      expect(sent).toBe(1)
      expect(ids[0]).toBe(ids[1])
    })

    test('for any order of members, whitespace and escapes in the JSON', async () => {
      const key = newKey()
      const button = { action: { open_server_link: { data: { 10: 'x', 9: { b: 1, a: 2 } } } }, caption: 'c', icon: 'i' }
      const first = { conversation_id: 'c-1', message: 'سلام', sender_buttons: { rows: [{ buttons: [button] }] } }
      const again =
        '{ "sender_buttons":{"rows":[{"buttons":[{"icon_name":"i","caption":"c","action":{"open_server_link":' +
        '{"data":{"9":{"a":2,"b":1},"10":"x"}}}}]}]}, "message":"\\u0633لام","unknown":1,"conversation_id":"c-1" }'
      const sent = await arrivals(gateway, async () => {
        expect(idOf(await keyed(key, first))).toBe(idOf(await keyed(key, again)))
      })
      expect(sent).toBe(1)
    })

    test('for any token, route and Prefer', async () => {
      const key = newKey()
      const sent = await arrivals(gateway, async () => {
        const id = idOf(await keyed(key))
        expect(idOf(await keyed(key, V2, { 'x-access-token': 'another' }))).toBe(id)
        expect(idOf(await keyed(key, { message: V2.message }, {}, v2Path('c-1')))).toBe(id)
        const wanted = await keyed(key, V2, { prefer: 'respond-async' })
        expect(wanted.status).toBe(200)
        expect(idOf(wanted)).toBe(id)
        const v1 = newKey()
        expect(idOf(await keyed(v1, V1))).toBe(idOf(await keyed(v1, V1, {}, V1_PATH)))
      })
      expect(sent).toBe(2)
    })

    test('only for the same caller', async () => {
      const key = newKey()
      const sent = await arrivals(gateway, async () => {
        const first = await keyed(key)
        const other = await keyed(key, { ...V2, message: 'of another' }, { 'x-api-key': BILLING })
        expect([first.status, other.status]).toEqual([200, 200])
        expect(idOf(other)).not.toBe(idOf(first))
        expect(other.headers).not.toHaveProperty('idempotent-replayed')
      })
      expect(sent).toBe(2)
    })
  })

  describe('422 idempotency_key_reused: for another message, which is not sent', () => {
    test.each([
      ['another text', { ...V2, message: 'x' }],
      ['another conversation', { ...V2, conversation_id: 'c-2' }],
      ['another wire', V1],
      ['an extra button', { ...V2, sender_btn: { action: 'LINK', data: { extra_data: {}, caption: 'c' } } }],
      ['at-least-once', { ...V2, delivery: 'at-least-once' }],
    ])('%s', async (_, body) => {
      const key = newKey()
      expect((await keyed(key)).status).toBe(200)
      const sent = await arrivals(gateway, async () => {
        for (const prefer of ['', 'respond-async']) {
          const problem = problemOf(await keyed(key, body, { prefer }))
          expect(problem).toMatchObject({ status: 422, code: 'idempotency_key_reused' })
          expect(problem.detail).toContain('Idempotency-Key')
        }
      })
      expect(sent).toBe(0)
    })
  })

  describe('400 malformed_request', () => {
    test.each([
      ['an empty key', ''],
      ['spaces', '  '],
      ['empty quotes', '""'],
      ['an unclosed quote', '"abc'],
      ['text after the closing quote', '"abc" x'],
      ['an unknown escape', '"a\\b"'],
      ['256 characters', 'k'.repeat(256)],
      ['256 characters in quotes', `"${'k'.repeat(256)}"`],
    ])('%s', async (_, key) => {
      const sent = await arrivals(gateway, async () => {
        const problem = problemOf(await keyed(key))
        expect(problem).toMatchObject({ status: 400, code: 'malformed_request' })
        expect(problem.detail).toMatch(/^Idempotency-Key: expected 1 to 255 visible ASCII characters/)
      })
      expect(sent).toBe(0)
    })

    test.each([
      ['letters beyond ASCII', 'کلید'],
      ['a tab', 'a\tb'],
      ['Latin letters with accents', Buffer.from('clé', 'latin1')],
    ])('%s', async (_, key) => {
      const marked = rawSend(JSON.stringify(V2), [`x-access-token: ${KEYS.token}`, 'idempotency-key: KEY'])
      const at = marked.indexOf('KEY')
      const raw = Buffer.concat([marked.subarray(0, at), Buffer.from(key), marked.subarray(at + 3)])
      expect(await sendRaw(gateway.port, raw)).toMatch(/^HTTP\/1\.1 400 /)
    })
  })

  test.each(['k'.repeat(255), `"${'k'.repeat(255)}"`, `"${'\\"'.repeat(255)}"`])(
    '255 characters are a key',
    async (key) => {
      expect((await keyed(key)).status).toBe(200)
    },
  )
})
