import { createServer } from 'node:http'
import { expect, test } from '@jest/globals'
import type { Outcome } from '../../src/divar/outcome.ts'
import { readOutcome } from '../../src/divar/deliver.ts'
import { createHost, MAX_SOCKETS } from '../../src/outbound/host.ts'
import { DOWN, startBreaker as start, UP } from '../support/breaker.ts'
import { originOf } from '../support/listen.ts'

const divar = (status: number) => ({ divar: { status } })

const failures: [string, Outcome][] = [
  ['a refused connection', { kind: 'not_sent', cause: 'remote', reason: 'ECONNREFUSED' }],
  ['a name that is not found', { kind: 'not_sent', cause: 'remote', reason: 'ENOTFOUND' }],
  ['a time-out while connecting', { kind: 'not_sent', cause: 'remote', reason: 'timeout' }],
  ['a time-out', { kind: 'unknown', cause: 'remote', reason: 'timeout' }],
  ['a reset', { kind: 'unknown', cause: 'remote', reason: 'ECONNRESET' }],
  ['500', { kind: 'platform_error', ...divar(500) }],
  ['503 with seconds', { kind: 'platform_error', ...divar(503), retryAfterSeconds: 9 }],
]
test.each(failures)('%s is a failure', async (_, outcome) => {
  const breaker = start()
  await breaker.ends(outcome, 3)
  expect(breaker.state()).toBe('open')
})

const successes: [string, Outcome][] = [
  ['a delivery', UP],
  ['401', { kind: 'token_refused', ...divar(401) }],
  ['403', { kind: 'not_permitted', ...divar(403) }],
  ['412', { kind: 'recipient_restricted', ...divar(412) }],
  ['400', { kind: 'rejected', ...divar(400) }],
  ['429', { kind: 'rate_limited', ...divar(429), retryAfterSeconds: 60 }],
  ['a success that cannot be read', { kind: 'unknown', cause: 'answer', reason: 'unreadable answer with status 200' }],
  ['504', { kind: 'unknown', cause: 'answer', reason: 'status 504', ...divar(504) }],
]
test.each(successes)('%s shows that the host answers and resets the count of failures', async (_, outcome) => {
  const breaker = start()
  await breaker.ends(DOWN, 2)
  await breaker.ends(outcome)
  await breaker.ends(DOWN, 2)
  expect(breaker.state()).toBe('closed')
  await breaker.ends(outcome, 3)
  expect(breaker.state()).toBe('closed')
})

const silences: [string, Outcome][] = [
  ['no socket in time', { kind: 'not_sent', cause: 'local', reason: 'no socket in time' }],
  ['what cannot be sent', { kind: 'not_sent', cause: 'local', reason: 'unsendable path or header' }],
  ['a call given up before it began', { kind: 'not_sent', cause: 'aborted', reason: 'aborted' }],
  ['a call given up after it began', { kind: 'unknown', cause: 'aborted', reason: 'aborted' }],
  ['another breaker that is open', { kind: 'unavailable', retryAfterSeconds: 3 }],
]
test.each(silences)('%s is ignored: it neither counts as a failure nor resets the count', async (_, outcome) => {
  const breaker = start()
  await breaker.ends(DOWN, 2)
  await breaker.ends(outcome, 5)
  expect(breaker.state()).toBe('closed')
  await breaker.ends(DOWN)
  expect(breaker.state()).toBe('open')
})

test('a call that this process aborted is ignored', async () => {
  const host = createHost(await originOf(createServer()), 1000)
  const request = { path: '/', headers: {}, body: '', maxBytes: 100, timeoutMs: 5000 }
  const ended = [
    await host.send({ ...request, path: 'no slash' }),
    await host.send({ ...request, signal: AbortSignal.abort() }),
  ]
  const stuck = Array.from({ length: MAX_SOCKETS }, () => host.send(request))
  ended.push(await host.send({ ...request, timeoutMs: 1 }))
  await host.destroy()
  await Promise.all(stuck)
  const breaker = start({ failures: 1 })
  for (const exchange of ended) {
    const outcome = readOutcome(exchange, [])
    expect(outcome.kind).toBe('not_sent')
    await breaker.ends(outcome)
    expect(breaker.state()).toBe('closed')
  }
})

test('calls that end in the same turn are counted in the order in which they end', async () => {
  const breaker = start()
  const endAll = async (...outcomes: Outcome[]) => {
    const held = outcomes.map(() => Promise.withResolvers<Outcome>())
    const calls = held.map(({ promise }) => breaker.run(() => promise))
    for (const [index, { resolve }] of held.entries()) resolve(outcomes[index] ?? UP)
    expect(await Promise.all(calls)).toEqual(outcomes)
  }
  await endAll(DOWN, DOWN, UP, DOWN, DOWN)
  expect(breaker.state()).toBe('closed')
  await endAll(UP, DOWN, DOWN, DOWN)
  expect(breaker.state()).toBe('open')
})
