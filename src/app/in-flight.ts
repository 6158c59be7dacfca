/** Work that is finished whether or not anybody still listens for its answer: a message may be on its way when its caller hangs up. */
export class InFlight {
  // Counted, not kept: a set from which as much is taken as is put in leaves a trail of old tables, which keep each other and all that was in
  // them from the young generation's collector.
  #running = 0
  #idle = Promise.withResolvers<undefined>()

  /** The same function, with its calls known here while they run. One that answers at once never runs. */
  track<Parameters extends unknown[], Result>(
    work: (...parameters: Parameters) => Result,
  ): (...parameters: Parameters) => Result {
    return (...parameters) => {
      const running = work(...parameters)
      if (running instanceof Promise) {
        this.#running += 1
        running.then(this.#forget, this.#forget)
      }
      return running
    }
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#running > 0) await this.#idle.promise
  }

  readonly #forget = (): void => {
    this.#running -= 1
    if (this.#running > 0) return
    this.#idle.resolve(undefined)
    this.#idle = Promise.withResolvers()
  }
}
