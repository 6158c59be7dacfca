import { setTimeout as wait } from 'node:timers/promises'
import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import type { Logger } from '../observability/log.ts'
import { batched, GROUP_COMMIT } from '../store/batch.ts'
import { describeStoreError, isRefusedForGood } from '../store/store-faults.ts'
import type { AttemptEnd, Claimed, DivarRateLimit, Finish, OutboxStore } from '../store/store.ts'

/** A `Retry-After` beyond a message's retry time leaves it one last attempt, this long before that time is over. */
const LAST_TRY_MS = 60_000
/** Longest wait for Divar's rate limit, however long it lasts: then one message probes it. */
export const PROBE_AFTER_MS = 60 * 60 * 1000

/** Exponential backoff from `firstMs` up to `maxMs`, for at most `forMs` after the message was queued; milliseconds. */
export type RetryPolicy = { firstMs: number; maxMs: number; forMs: number }

/** A message whose attempt has ended. */
export type AttemptedMessage = Pick<Claimed, 'wire' | 'atLeastOnce' | 'unsure' | 'tryForMs'> & {
  outcome: Outcome
  /** The number of this attempt, from 1. */
  number: number
}

/**
 * The state of a message after an attempt. It is tried again only if it surely was not delivered, or may be delivered twice. If any
 * attempt may have delivered it, a later refusal ends it as `unknown`, not `rejected`.
 * @param random from 0 up to 1
 */
export function stateAfterAttempt(tried: AttemptedMessage, policy: RetryPolicy, random: () => number): Finish['next'] {
  const { outcome, atLeastOnce } = tried
  if (outcome.kind === 'delivered') return { state: 'delivered' }
  // The receiver of an event recognizes a repeat by its id, so an attempt of unknown outcome counts as a failed one.
  const unsure = tried.wire !== 'event' && (tried.unsure || outcome.kind === 'unknown')
  if (outcomeRules[outcome.kind].isFinal) return { state: unsure ? 'unknown' : 'rejected' }
  if (outcome.kind === 'unknown' && !atLeastOnce) return { state: 'unknown' }
  const inMs = waitMs(tried, policy, random)
  if (inMs <= tried.tryForMs) return { state: 'queued', inMs, unsure }
  const lastInMs = tried.tryForMs - LAST_TRY_MS
  if (retryAfterMs(outcome) > 0 && lastInMs > 0) return { state: 'queued', inMs: lastInMs, unsure }
  return { state: unsure ? 'unknown' : 'failed' }
}

/** The state of a message with a single attempt, whose caller waits for the answer. */
export function stateOfOnlyAttempt(outcome: Outcome): Finish['next'] {
  if (outcome.kind === 'delivered' || outcome.kind === 'unknown') return { state: outcome.kind }
  return { state: outcomeRules[outcome.kind].isFinal ? 'rejected' : 'failed' }
}

/** Exponential backoff with full jitter after the Retry-After. A longer rate limit than an hour is not waited out here: then one message probes. */
function waitMs({ outcome, number }: AttemptedMessage, { firstMs, maxMs }: RetryPolicy, random: () => number): number {
  const ceiling = Math.min(firstMs * 2 ** (number - 1), maxMs)
  const jitter = Math.ceil(random() * ceiling)
  const askedMs = retryAfterMs(outcome)
  return (outcome.kind === 'rate_limited' ? Math.min(askedMs, PROBE_AFTER_MS) : askedMs) + jitter
}

function retryAfterMs(outcome: Outcome): number {
  return 'retryAfterSeconds' in outcome ? (outcome.retryAfterSeconds ?? 0) * 1000 : 0
}

/** How long a commit waits before it is tried again. */
const STORE_RETRY_MS = 500

export type Attempts = ReturnType<typeof createAttempts>

/** The two commits around each attempt, batched with others at the same time. `closing` ends the wait for a store that is away. */
export function createAttempts(store: OutboxStore, owner: string, log: Logger, closing: AbortSignal) {
  /** The last work on each message that runs or waits here. */
  const locked = new Map<string, Promise<unknown>>()
  const beginBatched = batched(async (ids: readonly string[]) => {
    const begun = new Map((await store.begin(owner, ids)).map(({ id, number }) => [id, number]))
    return ids.map((id) => ({ number: begun.get(id) }))
  }, GROUP_COMMIT)
  const finishBatched = batched(async (finished: readonly Finish[]) => {
    const leased = new Set(await store.finish(owner, finished))
    return finished.map(({ message }) => leased.has(message.id))
  }, GROUP_COMMIT)

  /**
   * Tries `first` once and then `commit`, which concerns this message only, while the store is away. Resolves to undefined when
   * the outbox closes, or the store refuses the commit for good: the heartbeat then settles the message.
   */
  const untilDone = async <Result>(
    what: string,
    id: string,
    commit: () => Promise<Result>,
    first = commit,
  ): Promise<Result | undefined> => {
    let run = first
    do {
      try {
        return await run()
      } catch (error) {
        if (run === commit && isRefusedForGood(error)) {
          log.error({ event: 'outbox.failed', message_id: id, ...describeStoreError(error) })
          return undefined
        }
        log.warn({ event: 'store.failed', what, ...describeStoreError(error) })
        run = commit
        await wait(STORE_RETRY_MS, undefined, { signal: closing }).catch(() => undefined)
      }
    } while (!closing.aborted)
    return undefined
  }

  return {
    owner,

    /** Whether work on the message runs here. Another message that the store has as ours is a commit whose answer got lost. */
    isLocked: (id: string): boolean => locked.has(id),

    /**
     * Runs `work` when no other work on the message runs here. A commit that is repeated because its answer got lost may have happened,
     * and the message may have been claimed again; without the lock the repeat could queue it a second time beside that attempt.
     */
    withMessageLock: async <Result>(id: string, work: () => Promise<Result>): Promise<Result> => {
      const before = locked.get(id)
      const done = before === undefined ? work() : before.then(work, work)
      locked.set(id, done)
      try {
        return await done
      } finally {
        if (locked.get(id) === done) locked.delete(id)
      }
    },

    /** Resolves when no work on any message runs here. */
    idle: async (): Promise<void> => {
      while (locked.size > 0) await Promise.allSettled(locked.values())
    },

    /** Commits an attempt's begin. @returns its number; undefined when it must not begin: the claim is lost, or a rate limit holds */
    begin: async ({ id }: Pick<Claimed, 'id'>): Promise<number | undefined> => (await beginBatched(id)).number,

    /** Commits an attempt's end, with retries. @returns whether it was committed; if not, a later takeover settles it as unknown */
    finish: async (finish: Finish): Promise<boolean> => {
      const { id } = finish.message
      const finishAlone = async () => (await store.finish(owner, [finish])).length > 0
      const committed = await untilDone('finish', id, finishAlone, () => finishBatched(finish))
      if (committed === false) log.warn({ event: 'outbox.lease_lost', message_id: id })
      return committed ?? false
    },

    /** Queues a claimed message again whose attempt surely has not begun. */
    release: async (id: string): Promise<void> => {
      await untilDone('release', id, () => store.release(owner, [id]))
    },
  }
}

/** The stored record of an attempt. */
export function attemptRecord(number: number, outcome: Outcome): AttemptEnd {
  const divar = 'divar' in outcome ? outcome.divar : undefined
  // The status in an answer's body may be any number.
  const status = (outcome.kind === 'delivered' ? outcome.status : divar?.status) ?? 0
  return {
    number,
    outcome: outcome.kind,
    status: status >= 100 && status <= 999 ? status : undefined,
    code: divar?.code === undefined ? undefined : String(divar.code),
    reason: 'reason' in outcome ? outcome.reason : undefined,
  }
}

/** The rate limit that an attempt met, which is the whole app's; undefined when it met none. */
export function rateLimitOf(outcome: Outcome): DivarRateLimit | undefined {
  if (outcome.kind !== 'rate_limited') return undefined
  const { retryAfterSeconds: seconds } = outcome
  return { retryAfterMs: seconds === undefined ? undefined : seconds * 1000 }
}
