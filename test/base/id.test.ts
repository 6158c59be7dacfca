import { expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import { newTrace, traceHeaders } from '../../src/observability/trace.ts'

const many = <Value>(make: () => Value) => Array.from({ length: 20_000 }, make)

test('ids have 24 random characters, all differ, and use every character equally often', () => {
  const ids = many(() => newId('clk'))
  for (const id of ids) expect(id).toMatch(/^clk_[\w-]{24}$/)
  expect(new Set(ids).size).toBe(ids.length)
  const counts = new Map<string, number>()
  for (const character of ids.map((id) => id.slice(4)).join('')) {
    counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  const expected = (ids.length * 24) / 64
  expect(counts.size).toBe(64)
  for (const count of counts.values()) expect(Math.abs(count / expected - 1)).toBeLessThan(0.1)
})

test('trace ids and span ids have the W3C format and all differ', () => {
  const headers = many(() => traceHeaders(newTrace())['traceparent'] ?? '')
  for (const header of headers) expect(header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  for (const part of [1, 2]) expect(new Set(headers.map((header) => header.split('-')[part])).size).toBe(headers.length)
})
