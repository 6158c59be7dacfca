import { describe, expect, test } from '@jest/globals'
import { StoreError, type Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import { answer, FAST_RETRIES, chatMessage, textsReceivedBy, type DatabaseKind } from '../support/outbox.ts'
import { startOutbox } from '../support/outbox-on-store.ts'

const FAILED = new StoreError('the store failed', undefined)
const LOST = new StoreError('the store failed', undefined, { mayHaveCommitted: true })

/** Something to be done at the first call, and not again. */
function once(): { set: (work: () => Promise<void>) => void; run: () => Promise<void> } {
  let work: (() => Promise<void>) | undefined
  return {
    set: (given) => (work = given),
    run: async () => {
      const now = work
      work = undefined
      await now?.()
    },
  }
}

describe.each(DATABASES)('between two commits on %s', (kind) => {
  test.each([
    ['before anything was sent', 0],
    ['after Divar accepted the message', 1],
  ])('after an error in an attempt, %s, the message is unknown, and Divar gets it at most once', async (_, times) => {
    const { queue, until, divar } = await startOutbox(kind, {
      more: FAST_RETRIES,
      targets: (real) =>
        real.map((target) => ({
          ...target,
          deliver: async (...parameters) => {
            if (times > 0) await target.deliver(...parameters)
            throw new Error('a fault of ours')
          },
        })),
    })
    const id = await queue(chatMessage('c-1', 'once'))
    const { state, attempts } = await until(id, ({ finishedAt }) => finishedAt !== null)
    expect({ state, outcomes: attempts.map(({ outcome }) => outcome) }).toEqual({
      state: 'unknown',
      outcomes: ['unknown'],
    })
    expect(textsReceivedBy(divar)).toHaveLength(times)
  })

  test.each([
    ['is refused', FAILED, false],
    ['succeeds but its answer is lost', LOST, true],
  ])(
    "if the commit of an attempt's start %s, nothing was sent and the message is sent again as its first attempt",
    async (...row) => {
      const [, error, commits] = row
      const meanwhile = once()
      const { queue, until, divar } = await startOutbox(kind, { calls: beginning(meanwhile.run, commits) })
      meanwhile.set(() => Promise.reject(error))
      const id = await queue(chatMessage('c-1', 'once'))
      const { attempts } = await until(id, ({ state }) => state === 'delivered')
      expect(attempts).toMatchObject([{ number: 1, outcome: 'delivered' }])
      expect(textsReceivedBy(divar)).toEqual(['once'])
    },
  )

  test.each([
    ['is refused', FAILED, false],
    ['succeeds but its answer is lost', LOST, true],
  ])('an outcome whose commit %s is committed again, and the message is not sent again', async (...row) => {
    const [, error, commits] = row
    const meanwhile = once()
    const { queue, until, divar } = await startOutbox(kind, { calls: ending(meanwhile.run, commits) })
    meanwhile.set(() => Promise.reject(error))
    const ids = [await queue(chatMessage('c-1', 'once')), await queue(chatMessage('c-1', 'behind'))]
    for (const id of ids) {
      const { attempts } = await until(id, ({ state }) => state === 'delivered')
      expect(attempts).toMatchObject([{ number: 1, outcome: 'delivered' }])
    }
    expect(textsReceivedBy(divar)).toEqual(['once', 'behind'])
  })

  test("if a rate limit begins during the commit of an attempt's start, nothing is sent, and the attempt does not count", async () => {
    const meanwhile = once()
    const released = Promise.withResolvers<undefined>()
    const { outbox, queue, find, divar } = await startOutbox(kind, {
      calls: (real) => ({ ...beginning(meanwhile.run, true)(real), ...releasing(real, released.resolve) }),
    })
    meanwhile.set(() => {
      outbox.noteOutcome({ kind: 'rate_limited', divar: { status: 429 }, retryAfterSeconds: 3600 }, performance.now())
      return Promise.resolve()
    })
    const id = await queue(chatMessage('c-1', 'waits'))
    await released.promise
    expect(await find(id)).toMatchObject({ state: 'queued', attempts: [] })
    expect(textsReceivedBy(divar)).toEqual([])
  })
})

/** On all databases at once: these wait for seconds, for the second look at strays or for the breaker's probe. */
const onEach = (work: (kind: DatabaseKind) => Promise<void>) => Promise.all(DATABASES.map(work))

describe('between two commits on every database', () => {
  test('a message whose outcome the store permanently refuses is unknown and not sent again, and the next one is sent', () =>
    onEach(async (kind) => {
      const refused = new StoreError('the store failed', { code: kind === 'sqlite' ? 'SQLITE_CONSTRAINT' : '23514' })
      const { queue, until, divar } = await startOutbox(kind, {
        calls: (real) => ({
          finish: (owner, finished) =>
            finished.some(({ message, attempt }) => message.id === first && attempt?.outcome === 'delivered')
              ? Promise.reject(refused)
              : real.finish(owner, finished),
        }),
      })
      const first = await queue(chatMessage('c-1', 'once'))
      const next = await queue(chatMessage('c-1', 'behind'))
      const { state } = await until(next, ({ finishedAt }) => finishedAt !== null)
      expect(state).toBe('delivered')
      expect((await until(first, ({ finishedAt }) => finishedAt !== null)).state).toBe('unknown')
      expect(textsReceivedBy(divar)).toEqual(['once', 'behind'])
    }))

  test("if the breaker opens during the commit of an attempt's start, nothing is sent, and the attempt does not count", () =>
    onEach(async (kind) => {
      const meanwhile = once()
      const released = Promise.withResolvers<undefined>()
      const { queue, find, until, deliver, divar } = await startOutbox(kind, {
        calls: (real) => ({ ...beginning(meanwhile.run, true)(real), ...releasing(real, released.resolve) }),
      })
      meanwhile.set(async () => {
        for (let time = 0; time < 10; time += 1) {
          divar.misbehave(answer(500))
          expect(await deliver(chatMessage('c-2', 'failing'))).toMatchObject({ kind: 'platform_error' })
        }
      })
      const id = await queue(chatMessage('c-1', 'waits'))
      await released.promise
      expect(await find(id)).toMatchObject({ state: 'queued', attempts: [] })
      expect(textsReceivedBy(divar)).not.toContain('waits')
      // Once it lets a probe through, this goes, as its first attempt.
      const { attempts } = await until(id, ({ state }) => state === 'delivered')
      expect(attempts).toMatchObject([{ number: 1, outcome: 'delivered' }])
    }))
})

describe.each(DATABASES)('a synchronous send with a key on %s', (kind) => {
  test.each([
    ['is refused', FAILED, false],
    ['succeeds but its answer is lost', LOST, true],
  ])('whose start %s gets an error of the store; nothing is sent, and its key becomes free', async (...row) => {
    const [, error, commits] = row
    const begins = once()
    const ends = once()
    const settled = Promise.withResolvers<undefined>()
    const { attempt, divar } = await startOutbox(kind, {
      calls: (real) => ({
        ...beginning(begins.run, commits)(real),
        finish: async (...parameters) => {
          // Also when the end cannot be committed at once.
          await ends.run()
          const held = await real.finish(...parameters)
          settled.resolve(undefined)
          return held
        },
      }),
    })
    begins.set(() => Promise.reject(error))
    ends.set(() => Promise.reject(FAILED))
    await expect(attempt(chatMessage('c-1', 'once'), 'k-1')).rejects.toThrow(StoreError)
    expect(textsReceivedBy(divar)).toEqual([])
    await settled.promise
    expect(await attempt(chatMessage('c-1', 'once'), 'k-1')).toMatchObject({ outcome: { kind: 'delivered' } })
    expect(textsReceivedBy(divar)).toEqual(['once'])
  })

  test('whose claim is lost before the attempt starts gets store_unavailable, and nothing is sent', async () => {
    const { attempt, divar } = await startOutbox(kind, { calls: () => ({ begin: () => Promise.resolve([]) }) })
    await expect(attempt(chatMessage('c-1', 'once'), 'k-1')).rejects.toThrow(StoreError)
    expect(textsReceivedBy(divar)).toEqual([])
  })

  test('whose delivery throws is rejected, and a repeat does not send it again', async () => {
    const { outbox, divar, sendOf } = await startOutbox(kind)
    const send = { ...sendOf(chatMessage('c-1', 'once')), idempotencyKey: 'k-1' }
    const fail = () => Promise.reject(new Error('a fault of ours'))
    await expect(outbox.attemptNow(send, fail, ({ kind: outcome }) => outcome)).rejects.toThrow('a fault of ours')
    expect(await outbox.findRepeat(send)).toMatchObject({ kind: expect.stringMatching(/^(?:running|lost)$/) })
    expect(textsReceivedBy(divar)).toEqual([])
  })
})

/** `begin`, with something that happens after its commit, or in its place. */
function beginning(meanwhile: () => Promise<void>, commits: boolean) {
  return (real: Store): Pick<Store, 'begin'> => ({
    begin: async (...parameters) => {
      if (!commits) await meanwhile()
      const begun = await real.begin(...parameters)
      if (commits) await meanwhile()
      return begun
    },
  })
}

function ending(meanwhile: () => Promise<void>, commits: boolean) {
  return (real: Store): Pick<Store, 'finish'> => ({
    finish: async (...parameters) => {
      if (!commits) await meanwhile()
      const held = await real.finish(...parameters)
      if (commits) await meanwhile()
      return held
    },
  })
}

function releasing(real: Store, onReleased: (value: undefined) => void): Pick<Store, 'release'> {
  return {
    release: async (...parameters) => {
      await real.release(...parameters)
      onReleased(undefined)
    },
  }
}
