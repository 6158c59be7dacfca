import { startDeadline } from '../base/deadline.ts'

/** A bounded number of places, given out in the order of asking. Whoever cannot wait any longer leaves the queue for good. */
export class Slots {
  #free: number
  readonly #waiting = new Set<(taken: boolean) => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** Whether there is a place now. Each `true` owes one `release`. */
  takeNow(): boolean {
    if (this.#free === 0) return false
    this.#free -= 1
    return true
  }

  /** Resolves to whether there was a place within the time. Each `true` owes one `release`. */
  take(timeoutMs: number): Promise<boolean> {
    if (this.takeNow()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const settle = (taken: boolean) => {
        stopDeadline()
        this.#waiting.delete(settle)
        resolve(taken)
      }
      const stopDeadline = startDeadline(timeoutMs, () => {
        settle(false)
      })
      this.#waiting.add(settle)
    })
  }

  /** Sends everybody away who still waits. */
  close(): void {
    for (const settle of this.#waiting) settle(false)
  }

  release(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free += 1
    else next(true)
  }
}
