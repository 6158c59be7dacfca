/** How much is queued for each caller, so that one that sends too fast is told before it fills the store. */
export class Backlog {
  readonly #limit: number
  #queued = new Map<string, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get limit(): number {
    return this.#limit
  }

  /** Takes a place; `false` when there is none left. */
  take(caller: string): boolean {
    const queued = this.#queued.get(caller) ?? 0
    if (queued >= this.#limit) return false
    this.#queued.set(caller, queued + 1)
    return true
  }

  giveBack(caller: string): void {
    this.#queued.set(caller, Math.max((this.#queued.get(caller) ?? 0) - 1, 0))
  }

  /** What the store holds, which other gateways may have changed. */
  correct(counted: readonly { caller: string; messages: number }[]): void {
    this.#queued = new Map(counted.map(({ caller, messages }) => [caller, messages]))
  }
}
