/** What a shutdown waits for, and aborts when its grace is over. */
export class Shutdown {
  /** `/readyz` fails from then on. */
  isDraining = false
  readonly #controller = new AbortController()
  #running = 0
  #idle = Promise.withResolvers<undefined>()

  /** Wraps a function so that a shutdown waits for its pending promises, even if their client has disconnected. */
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

  /** Aborts running work; it still answers and writes its log line. */
  abort(): void {
    this.#controller.abort()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  readonly #forget = (): void => {
    this.#running -= 1
    if (this.#running > 0) return
    this.#idle.resolve(undefined)
    this.#idle = Promise.withResolvers()
  }
}
