import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../observability/log.ts'
import type { Outcome } from '../divar/outcome.ts'
import { batched, GROUP_COMMIT } from '../store/batch.ts'
import { describeStoreError, isRefusedForGood } from '../store/store-faults.ts'
import type { AttemptEnd, Claimed, Finish, OutboxStore } from '../store/store.ts'

const STORE_RETRY_MS = 500

/** The two commits around each attempt, batched with others at the same time. */
export class Attempts {
  readonly owner: string
  /** The last work on each message that runs or waits here. */
  readonly #locked = new Map<string, Promise<unknown>>()
  readonly #store: OutboxStore
  readonly #log: Logger
  readonly #cutOff: AbortSignal
  readonly #begin: (id: string) => Promise<{ number: number | undefined }>
  readonly #finish: (finish: Finish) => Promise<boolean>
  readonly #finishAlone: (finish: Finish) => Promise<boolean>

  /** @param cutOff aborted when the process stops waiting for commits */
  constructor(store: OutboxStore, owner: string, log: Logger, cutOff: AbortSignal) {
    this.owner = owner
    this.#store = store
    this.#log = log
    this.#cutOff = cutOff
    this.#begin = batched(async (ids: readonly string[]) => {
      const begun = new Map((await store.begin(owner, ids)).map(({ id, number }) => [id, number]))
      return ids.map((id) => ({ number: begun.get(id) }))
    }, GROUP_COMMIT)
    this.#finishAlone = async (finish) => (await store.finish(owner, [finish])).length > 0
    this.#finish = batched(async (finished: readonly Finish[]) => {
      const held = new Set(await store.finish(owner, finished))
      return finished.map(({ message }) => held.has(message.id))
    }, GROUP_COMMIT)
  }

  /** Whether work on the message runs here. Another message that the store has as ours is a commit whose answer got lost. */
  isLocked(id: string): boolean {
    return this.#locked.has(id)
  }

  /**
   * Runs `work` when no other work on the message runs here. A commit that is repeated because its answer got lost may have happened, and
   * the message may have been claimed again; without the lock the repeat could queue it a second time beside that attempt.
   */
  async withMessageLock<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#locked.get(id)
    const done = before === undefined ? work() : before.then(work, work)
    this.#locked.set(id, done)
    try {
      return await done
    } finally {
      if (this.#locked.get(id) === done) this.#locked.delete(id)
    }
  }

  /** Resolves when no work on any message runs here. */
  async idle(): Promise<void> {
    while (this.#locked.size > 0) await Promise.allSettled(this.#locked.values())
  }

  /** Commits an attempt's begin. @returns its number; undefined when it must not begin: the claim is lost, or a rate limit holds */
  async begin({ id }: Pick<Claimed, 'id'>): Promise<number | undefined> {
    return (await this.#begin(id)).number
  }

  /**
   * Commits an attempt's end, and retries while the store is away. Resolves to whether it was committed; if not, the gateway that takes
   * the message over settles it as unknown.
   */
  async finish(finish: Finish): Promise<boolean> {
    const { id } = finish.message
    const held = await this.#untilDone(
      'finish',
      id,
      () => this.#finishAlone(finish),
      () => this.#finish(finish),
    )
    if (held === false) this.#log.warn({ event: 'outbox.lease_lost', message_id: id })
    return held ?? false
  }

  /** Queues a claimed message again whose attempt surely has not begun. */
  async release(id: string): Promise<void> {
    await this.#untilDone('release', id, () => this.#store.release(this.owner, [id]))
  }

  /**
   * Tries `first` once and then `commit`, which concerns this message only, while the store is away. Resolves to undefined after the
   * cut-off, or when the store refuses the commit for good: the heartbeat then settles the message.
   */
  async #untilDone<Result>(
    what: string,
    id: string,
    commit: () => Promise<Result>,
    first = commit,
  ): Promise<Result | undefined> {
    let run = first
    do {
      try {
        return await run()
      } catch (error) {
        if (run === commit && isRefusedForGood(error)) {
          this.#log.error({ event: 'outbox.failed', message_id: id, ...describeStoreError(error) })
          return undefined
        }
        this.#log.warn({ event: 'store.failed', what, ...describeStoreError(error) })
        run = commit
        await wait(STORE_RETRY_MS, undefined, { signal: this.#cutOff }).catch(() => undefined)
      }
    } while (!this.#cutOff.aborted)
    return undefined
  }
}

/** The stored record of an attempt. */
export function attemptRecord(number: number, outcome: Outcome): AttemptEnd {
  const divar = 'divar' in outcome ? outcome.divar : undefined
  return {
    number,
    outcome: outcome.kind,
    status: readableStatus(outcome.kind === 'delivered' ? outcome.status : divar?.status),
    code: divar?.code === undefined ? undefined : String(divar.code),
    reason: 'reason' in outcome ? outcome.reason : undefined,
  }
}

/** The status in an answer's body may be any number. */
function readableStatus(status = 0): number | undefined {
  return status >= 100 && status <= 999 ? status : undefined
}
