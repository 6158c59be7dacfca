import { beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { act, ACTION, jsonOf, startWithAction } from '../support/actions.ts'
import type { TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startWithAction('({ data }) => ({ data })')
})

const odd = (right: fc.Arbitrary<unknown>) => fc.oneof(right, fc.jsonValue())

/** Bodies near enough to a dynamic action to get past the first checks. */
const nearActions = fc.record(
  {
    touchpoint: odd(fc.string({ minLength: 1, maxLength: 20 })),
    post_token: odd(fc.string({ maxLength: 12 })),
    conversation_id: odd(fc.string()),
    user_side: odd(fc.constantFrom('SUPPLY', 'Demand', '', null)),
    extra_data: odd(fc.dictionary(fc.string(), fc.jsonValue())),
    user_id: odd(fc.string()),
    more: fc.jsonValue(),
  },
  { requiredKeys: ['touchpoint'] },
)

test('any JSON is answered, or refused with a status and a message, and never with a server error', async () => {
  const seen = new Set<number>()
  await fc.assert(
    fc.asyncProperty(fc.oneof(nearActions, fc.jsonValue()), async (body) => {
      const response = await act(gateway, JSON.stringify(body))
      seen.add(response.status)
      expect([200, 400]).toContain(response.status)
      expect(jsonOf(response)).toEqual(
        response.status === 200
          ? { action: { open_server_link: { data: expect.any(Object) } } }
          : { status: '400', message: expect.stringContaining('expected') },
      )
    }),
    { numRuns: 500 },
  )
  expect([...seen].sort()).toEqual([200, 400])
})

test('any bytes are refused, and the gateway keeps running', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (text) => {
      const { status } = await act(gateway, `{${text}`)
      expect([200, 400]).toContain(status)
    }),
    { numRuns: 200 },
  )
  expect((await act(gateway, ACTION)).status).toBe(200)
})
