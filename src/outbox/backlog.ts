/** How much is queued for each caller, so that one that sends too fast is told before it fills the store. */
export class Backlog {
  readonly #limit: number
  /** In the store, as far as we know. */
  #queued = new Map<string, number>()
  /** On their way into the store, where no count sees them. */
  readonly #pending = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get limit(): number {
    return this.#limit
  }

  /** Stores one message, if there is room for it: `undefined` when there is none. `store` tells whether it was queued. */
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

  /** One that was not to be refused. */
  add(caller: string): void {
    add(this.#queued, caller, 1)
  }

  giveBack(caller: string): void {
    add(this.#queued, caller, -1)
  }

  /** What the store holds, which other gateways may have changed. */
  correct(counted: readonly { caller: string; messages: number }[]): void {
    this.#queued = new Map(counted.map(({ caller, messages }) => [caller, messages]))
  }
}

function add(counts: Map<string, number>, caller: string, by: 1 | -1): void {
  counts.set(caller, Math.max((counts.get(caller) ?? 0) + by, 0))
}
