/** Counts running work, so that a shutdown can wait for it even if its client has disconnected. */
export class InFlight {
  #running = 0
  #idle = Promise.withResolvers<undefined>()

  /** Wraps a function so that its pending promises are counted. */
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

  /** Resolves when nothing is running. */
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
