import { expect, test } from '@jest/globals'
import { readOutcome } from '../../src/divar/read-answer.ts'
import type { Exchange } from '../../src/outbound/exchange.ts'

function answered(status: number, body?: string): Exchange {
  return { kind: 'answered', status, headers: {}, body: body === undefined ? undefined : Buffer.from(body) }
}

test.each<[string, boolean, Exchange]>([
  ['a time-out', true, { kind: 'failed', begun: true, reason: 'timeout' }],
  ['a reset', true, { kind: 'failed', begun: true, reason: 'ECONNRESET' }],
  ['a 200 that breaks off', false, answered(200)],
  ['a 200 that cannot be read', false, answered(200, '<html>')],
  ['a 200 that says 504', false, answered(200, '{"status":504}')],
  ['504', false, answered(504)],
  ['520', false, answered(520, '{}')],
])('%s leaves it unknown; that no status came: %s', (_, silent, exchange) => {
  expect(readOutcome(exchange, [])).toMatchObject({ kind: 'unknown', silent })
})

test("Divar's words are passed on well-formed, also where they are cut within a character", () => {
  const message = `${'x'.repeat(499)}😀 and more`
  const outcome = readOutcome(answered(400, JSON.stringify({ message })), [])
  expect(outcome).toEqual({ kind: 'rejected', divar: { status: 400, message: `${'x'.repeat(499)}\ufffd` } })
})
