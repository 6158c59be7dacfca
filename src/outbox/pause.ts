/**
 * Divar's wish for a pause, as this process has heard it. The store has it too, for everybody; but a commit takes its time, and what is
 * just about to begin can still be kept from it.
 */
export class Pause {
  #until = 0

  begin(ms: number): void {
    this.#until = Math.max(this.#until, performance.now() + ms)
  }

  /** Milliseconds until it is over; 0 when there is none. */
  leftMs(): number {
    return Math.max(this.#until - performance.now(), 0)
  }
}
