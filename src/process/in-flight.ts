/** Work that is finished whether or not anybody still listens for its answer: a message may be on its way when its caller hangs up. */
export class InFlight {
  readonly #running = new Set<Promise<unknown>>()

  /** The same function, with its calls known here while they run. */
  track<Parameters extends unknown[], Result>(
    work: (...parameters: Parameters) => Promise<Result>,
  ): (...parameters: Parameters) => Promise<Result> {
    return (...parameters) => {
      const running = work(...parameters)
      const forget = () => this.#running.delete(running)
      this.#running.add(running)
      running.then(forget, forget)
      return running
    }
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }
}
