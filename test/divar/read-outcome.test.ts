import { expect, test } from '@jest/globals'
import { readOutcome } from '../../src/divar/deliver.ts'
import type { Exchange } from '../../src/outbound/exchange.ts'

function answered(status: number, body?: string): Exchange {
  return { kind: 'answered', status, headers: {}, body: body === undefined ? undefined : Buffer.from(body) }
}

test.each<[string, 'remote' | 'answer', Exchange]>([
  ['a timeout', 'remote', { kind: 'failed', begun: true, cause: 'remote', reason: 'timeout' }],
  ['a reset', 'remote', { kind: 'failed', begun: true, cause: 'remote', reason: 'ECONNRESET' }],
  ['a truncated 200', 'answer', answered(200)],
  ['a 200 that cannot be read', 'answer', answered(200, '<html>')],
  ['a 200 that says 504', 'answer', answered(200, '{"status":504}')],
  ['504', 'answer', answered(504)],
  ['520', 'answer', answered(520, '{}')],
])('%s leaves the outcome unknown, with the cause %s', (_, cause, exchange) => {
  expect(readOutcome(exchange, [])).toMatchObject({ kind: 'unknown', cause })
})

test('an error message of Divar is well-formed even if it is cut within a character', () => {
  const message = `${'x'.repeat(499)}😀 and more`
  const outcome = readOutcome(answered(400, JSON.stringify({ message })), [])
  expect(outcome).toEqual({ kind: 'rejected', divar: { status: 400, message: `${'x'.repeat(499)}\ufffd` } })
})
