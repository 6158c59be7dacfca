import { describe, expect, test } from '@jest/globals'
import type { Environment } from '../../src/config/config.ts'
import type { Misbehaviour } from '../../src/simulator/simulator.ts'
import { DATABASES, query, withStore } from '../support/databases.ts'
import {
  answer,
  BILLING,
  divarAt,
  eventually,
  FAST_RETRIES,
  queue,
  chatMessage,
  startDivar,
  startOn,
  hasAttempts,
  TWO_CALLERS,
  until,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

const HOUR_MS = 3_600_000
/** Timers may fire a moment early, by the wall's clock. */
const ROUNDING_MS = 20
const OTHERS = ['one', 'two', 'three', 'four'] as const

type Arrival = { text: string; at: number }

/** A Divar that answers each request as the test decides. */
async function startToldDivar(answerTo: (text: string, number: number) => Misbehaviour | undefined) {
  const arrivals: Arrival[] = []
  const divar = await startDivar({
    decide: ({ body }) => {
      const text = String(parseJson(body)['message'])
      arrivals.push({ text, at: Date.now() })
      return answerTo(text, arrivals.length)
    },
  })
  const arrived = (number: number) => eventually(() => Promise.resolve(arrivals[number - 1]), `request ${number}`)
  return { divar, arrivals, arrived }
}

function limited(retryAfter?: number): Misbehaviour {
  return answer(429, '{"code":8}', retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
}

function after(delayMs: number): Misbehaviour {
  return { kind: 'slow', delayMs }
}

describe.each(DATABASES)('after a rate limit on %s', (kind) => {
  test('one message at a time is sent until one is delivered, for any other answer of Divar; then all others are sent', async () => {
    const answers = [limited(1), { ...answer(503), delayMs: 200 }, after(500)]
    const { divar, arrivals, arrived } = await startToldDivar((_text, number) => answers[number - 1])
    const gateway = await startOn(await withStore(kind), { ...FAST_RETRIES, ...divarAt(divar) })
    const first = await queue(gateway, chatMessage('c-0', 'first'))
    await until(gateway, first, 'queued', hasAttempts(1))
    const ids = [first]
    for (const name of OTHERS) ids.push(await queue(gateway, chatMessage(`c-${name}`, name)))
    for (const id of ids) await until(gateway, id, 'delivered')
    const [probe, next, other] = [await arrived(2), await arrived(3), await arrived(4)]
    expect(next.at - probe.at).toBeGreaterThanOrEqual(200 - ROUNDING_MS)
    expect(other.at - next.at).toBeGreaterThanOrEqual(500 - ROUNDING_MS)
    expect(arrivals).toHaveLength(7)
  })

  test('a rate-limited message goes behind those of other callers', async () => {
    const { divar, arrivals } = await startToldDivar((text) => (text === 'billing' ? undefined : limited(1)))
    const more = { ...FAST_RETRIES, ...divarAt(divar), INTERNAL_API_KEYS: TWO_CALLERS }
    const gateway = await startOn(await withStore(kind), more)
    const first = await queue(gateway, chatMessage('c-0', 'first'))
    await until(gateway, first, 'queued', hasAttempts(1))
    for (const name of ['one', 'two']) await queue(gateway, chatMessage(`c-${name}`, name))
    await queue(gateway, chatMessage('c-billing', 'billing'), { 'x-api-key': BILLING })
    const found = () => Promise.resolve(arrivals.find(({ text }) => text === 'billing'))
    await eventually(found, 'the message of the other caller')
    const before = arrivals.slice(
      0,
      arrivals.findIndex(({ text }) => text === 'billing'),
    )
    expect(before.length).toBeLessThanOrEqual(4)
  })
})

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('two gateways on %s', (kind) => {
  /** As if so much time had gone by since Divar asked for the pause. */
  const pass = (store: Environment, ms: number) =>
    query(
      String(store['DATABASE_URL']),
      `with moved as (update pause set until = until - ${ms}, set_at = set_at - ${ms}, probe_due = probe_due - ${ms})
       update message set due_at = due_at - ${ms} where due_at is not null`,
    )
  const pauseOf = async (store: Environment) => {
    const [row] = await query(
      String(store['DATABASE_URL']),
      'select until - set_at as ms, unconfirmed, probe_id, probe_until - set_at as probe_ms from pause',
    )
    return (
      row && {
        ms: Number(row['ms']),
        unconfirmed: row['unconfirmed'],
        probe: row['probe_id'],
        probeMs: Number(row['probe_ms']),
      }
    )
  }

  async function startLimited(answers: readonly (Misbehaviour | undefined)[]) {
    const { divar, arrivals, arrived } = await startToldDivar((_text, number) => answers[number - 1])
    const store = await withStore(kind, divarAt(divar))
    const gateways = [await startOn(store), await startOn(store)] as const
    const first = await queue(gateways[0], chatMessage('c-0', 'first'))
    await until(gateways[0], first, 'queued', hasAttempts(1))
    const ids = [first]
    for (const name of OTHERS) ids.push(await queue(gateways[1], chatMessage(`c-${name}`, name)))
    return { store, gateway: gateways[1], ids, arrivals, arrived }
  }

  test('send one message between them after a 429 without Retry-After; a second 429 doubles the wait', async () => {
    const { store, gateway, ids, arrivals, arrived } = await startLimited([limited(), limited(), after(2500)])
    expect((await pauseOf(store))?.ms).toBe(60_000)
    await pass(store, 60_000)
    await arrived(2)
    await eventually(async () => (await pauseOf(store))?.ms === 120_000 || undefined, 'a pause of two minutes')
    expect(arrivals).toHaveLength(2)
    await pass(store, 120_000)
    const probe = await arrived(3)
    // DIVAR_TIMEOUT_MS and 5 s: only then may another message probe.
    expect((await pauseOf(store))?.probeMs).toBe(10_000)
    const other = await arrived(4)
    expect(other.at - probe.at).toBeGreaterThanOrEqual(2500 - ROUNDING_MS)
    for (const id of ids) await until(gateway, id, 'delivered')
    expect(await pauseOf(store)).toMatchObject({ unconfirmed: 0 })
  })

  test('send one message between them in each hour of a Retry-After of a day, and all once one is delivered', async () => {
    const { store, gateway, ids, arrivals, arrived } = await startLimited([limited(86_400), answer(503), after(500)])
    for (const hours of [1, 2]) {
      await pass(store, HOUR_MS)
      await arrived(1 + hours)
      // Its outcome starts the next hour; until that is committed, no time may pass.
      await eventually(async () => (await pauseOf(store))?.probe === null || undefined, 'the outcome of the probe')
    }
    const [probe, other] = [await arrived(3), await arrived(4)]
    expect(other.at - probe.at).toBeGreaterThanOrEqual(500 - ROUNDING_MS)
    for (const id of ids) await until(gateway, id, 'delivered')
    expect(arrivals).toHaveLength(7)
  })
})
