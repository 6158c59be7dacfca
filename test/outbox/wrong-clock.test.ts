import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { MessageRecord } from '../../src/store/store.ts'
import { DATABASES, query, withStore } from '../support/databases.ts'
import { metricsOf, seriesOf } from '../support/metrics.ts'
import { answer, chatMessage, startOn } from '../support/outbox.ts'
import { startOutbox } from '../support/outbox-on-store.ts'

/** Its row and its attempts are read one after the other: it may just be ending. */
const hasTried = ({ state, attempts }: MessageRecord) =>
  state !== 'sending' && attempts.some(({ endedAt }) => endedAt !== null)
const DAYS_MS = 3 * 24 * 3_600_000

afterEach(() => void jest.restoreAllMocks())

describe.each(DATABASES)('on %s', (kind) => {
  /** An outbox whose database's clock jumps ahead, or in which that much time has passed. */
  async function startAhead(how: 'jumps' | 'passes') {
    const seen = Promise.withResolvers<undefined>()
    let aheadMs = 0
    const started = await startOutbox(kind, {
      more: { RETRY_FIRST_MS: '60000' },
      calls: (real) => ({
        readClock: async () => {
          const clock = await real.readClock()
          seen.resolve(undefined)
          return how === 'jumps' ? { ...clock, nowMs: clock.nowMs + aheadMs } : clock
        },
        claim: async (...parameters) => {
          const { messages, nextInMs } = await real.claim(...parameters)
          return {
            messages: messages.map((message) => ({ ...message, tryForMs: message.tryForMs - aheadMs })),
            nextInMs,
          }
        },
      }),
    })
    await seen.promise
    aheadMs = DAYS_MS
    return started
  }

  test('a message that expired only because the clock jumped is tried again', async () => {
    const { queue, until, divar } = await startAhead('jumps')
    divar.misbehave(answer(500))
    const id = await queue(chatMessage('c-1', 'x'))
    expect(await until(id, hasTried)).toMatchObject({ state: 'queued' })
  })

  test('a message whose time is over has failed', async () => {
    const { queue, until, divar } = await startAhead('passes')
    divar.misbehave(answer(500))
    const id = await queue(chatMessage('c-1', 'x'))
    expect(await until(id, hasTried)).toMatchObject({ state: 'failed' })
  })

  test.each([
    ['Divar answers with an error', false, 'failed'],
    ['fails in the gateway', true, 'unknown'],
  ])('a message whose time ends during an attempt that %s is not tried again', async (_, fails, endsAs) => {
    const now = performance.now.bind(performance)
    let passedMs = 0
    jest.spyOn(performance, 'now').mockImplementation(() => now() + passedMs)
    const { queue, until, divar } = await startOutbox(kind, {
      more: { RETRY_FIRST_MS: '1', RETRY_MAX_MS: '1', RETRY_FOR_MS: '60000' },
      targets: (real) =>
        real.map((target) => ({
          ...target,
          deliver: async (...parameters) => {
            const outcome = await target.deliver(...parameters)
            passedMs = 120_000
            if (fails) throw new Error('the delivery failed')
            return outcome
          },
        })),
    })
    divar.misbehave(answer(500))
    // Otherwise a message whose outcome is unknown is not tried again anyway.
    const id = await queue({ ...chatMessage('c-1', 'x'), delivery: 'at-least-once' })
    const { state, attempts } = await until(
      id,
      ({ finishedAt, attempts: { length } }) => finishedAt !== null || length > 1,
    )
    expect({ state, attempts: attempts.length }).toEqual({ state: endsAs, attempts: 1 })
  })

  test.each([
    ['just after a start nothing is deleted by its age', '600000', 0],
    ['later times in the future are corrected and old content is deleted', '0', 1],
  ])('%s', async (_, waitMs, deletions) => {
    const done: string[] = []
    const looked = Promise.withResolvers<undefined>()
    await startOutbox(kind, {
      more: { DELETE_AFTER_START_MS: waitMs },
      calls: (real) => ({
        correctFutureTimes: () => {
          done.push('correctFutureTimes')
          return real.correctFutureTimes()
        },
        wipe: (...parameters) => {
          done.push('wipe')
          return real.wipe(...parameters)
        },
        purge: (...parameters) => {
          done.push('purge')
          return real.purge(...parameters)
        },
        // Other maintenance continues.
        findRowsUnderOtherKeys: (...parameters) => {
          looked.resolve(undefined)
          return real.findRowsUnderOtherKeys(...parameters)
        },
      }),
    })
    await looked.promise
    expect(done).toEqual(Array.from({ length: deletions }, () => ['correctFutureTimes', 'wipe', 'purge']).flat())
  })
})

test.each(DATABASES.filter((kind) => kind === 'postgres'))(
  'a gateway on %s warns of a clock that is days after its last heartbeat, in its log and its metrics',
  async (kind) => {
    const store = await withStore(kind, { DELETE_AFTER_START_MS: '0' })
    const first = await startOn(store)
    const doubted = async (gateway: typeof first) => seriesOf(await metricsOf(gateway)).get('kenar_store_clock_doubted')
    expect(await doubted(first)).toBe(0)
    await first.stop()
    await query(
      String(store['DATABASE_URL']),
      `insert into clock (id, heard_at) values (1, 1) on conflict (id) do update set heard_at = clock.heard_at - ${DAYS_MS}`,
    )
    const second = await startOn(store)
    await second.logged('store.clock_doubted')
    expect(await doubted(second)).toBe(1)
  },
)
