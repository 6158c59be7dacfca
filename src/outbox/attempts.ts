import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../observability/log.ts'
import type { Outcome } from '../divar/outcome.ts'
import { batched, GROUP_COMMIT } from '../store/batch.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { AttemptEnd, Claimed, Finish, OutboxStore } from '../store/store.ts'

const STORE_RETRY_MS = 500

/** The two commits around every attempt, shared with whoever commits at the same time. */
export class Attempts {
  readonly owner: string
  /** What somebody here is at, by message, up to whoever waits for it last. */
  readonly #inHand = new Map<string, Promise<unknown>>()
  readonly #store: OutboxStore
  readonly #log: Logger
  readonly #cutOff: AbortSignal
  readonly #begin: (id: string) => Promise<{ number: number | undefined }>
  readonly #finish: (finish: Finish) => Promise<boolean>
  readonly #finishAlone: (finish: Finish) => Promise<boolean>

  /** @param cutOff aborted when the process will not wait any longer */
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

  /** Whether somebody here is at a message. What the store believes to be ours beyond these is a commit whose answer got lost. */
  isInHand(id: string): boolean {
    return this.#inHand.has(id)
  }

  /**
   * Does work on a message that nobody else here is at, or waits until nobody is: what one repeats because its answer got lost may have
   * happened, and the message may have been claimed again since. Repeated beside that claim's attempt it would queue the message a second
   * time.
   */
  async alone<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#inHand.get(id)
    const done = before === undefined ? work() : before.then(work, work)
    this.#inHand.set(id, done)
    try {
      return await done
    } finally {
      if (this.#inHand.get(id) === done) this.#inHand.delete(id)
    }
  }

  /** Resolves when nobody here is at any message. */
  async idle(): Promise<void> {
    while (this.#inHand.size > 0) await Promise.allSettled(this.#inHand.values())
  }

  /** Commits that an attempt begins; its number, or `undefined` when it must not: the lease is lost, or Divar asked for a pause. */
  async begin({ id }: Pick<Claimed, 'id'>): Promise<number | undefined> {
    return (await this.#begin(id)).number
  }

  /**
   * Commits how an attempt ended, and does not give up while the store is away: nobody else knows it. Resolves to whether it was
   * committed; when it was not, the attempt is settled as unknown by whoever takes over.
   */
  async finish(finish: Finish): Promise<boolean> {
    let commit = this.#finish
    const held = await this.#untilDone('finish', () => {
      const committed = commit(finish)
      // One end that the store cannot take must not keep back the others of its batch for ever.
      commit = this.#finishAlone
      return committed
    })
    if (held === false) this.#log.warn({ event: 'outbox.lease_lost', message_id: finish.message.id })
    return held ?? false
  }

  /** Puts back what was claimed and surely not begun. */
  async release(id: string): Promise<void> {
    await this.#untilDone('release', () => this.#store.release(this.owner, [id]))
  }

  async #untilDone<Result>(what: string, work: () => Promise<Result>): Promise<Result | undefined> {
    do {
      try {
        return await work()
      } catch (error) {
        this.#log.warn({ event: 'store.failed', what, ...describeStoreError(error) })
        await wait(STORE_RETRY_MS, undefined, { signal: this.#cutOff }).catch(() => undefined)
      }
    } while (!this.#cutOff.aborted)
    return undefined
  }
}

/** What the store keeps of an attempt. */
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

/** The body of an answer may claim any number for its status. */
function readableStatus(status = 0): number | undefined {
  return status >= 100 && status <= 999 ? status : undefined
}
