/** Queued messages per caller, so that one that sends too fast is refused before it fills the store. */
export class Backlog {
  readonly #limit: number
  /** In the store, by the last count and what changed since. */
  #queued = new Map<string, number>()
  /** Being stored, so not counted yet. */
  readonly #pending = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get limit(): number {
    return this.#limit
  }

  /** Stores a message if the caller's queue has room; resolves to undefined if not. */
  async take<Result>(
    caller: string,
    store: () => Promise<Result>,
    isQueued: (result: Result) => boolean,
  ): Promise<Result | undefined> {
    if ((this.#queued.get(caller) ?? 0) + (this.#pending.get(caller) ?? 0) >= this.#limit) return undefined
    add(this.#pending, caller, 1)
    try {
      const result = await store()
      if (isQueued(result)) this.add(caller)
      return result
    } finally {
      add(this.#pending, caller, -1)
    }
  }

  /** Counts a message that is queued whatever the limit. */
  add(caller: string): void {
    add(this.#queued, caller, 1)
  }

  remove(caller: string): void {
    add(this.#queued, caller, -1)
  }

  /** Sets the counts to the store's, which other gateways may have changed. */
  correct(counted: readonly { caller: string; messages: number }[]): void {
    this.#queued = new Map(counted.map(({ caller, messages }) => [caller, messages]))
  }
}

function add(counts: Map<string, number>, caller: string, by: 1 | -1): void {
  counts.set(caller, Math.max((counts.get(caller) ?? 0) + by, 0))
}
