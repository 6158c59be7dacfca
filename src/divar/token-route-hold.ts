/** `Retry-After` of the token route is honored up to this long; then one refresh tries again. */
const MAX_HOLD_MS = 5 * 60 * 1000
/** After a 429 that does not say for how long. */
const DEFAULT_HOLD_MS = 2000

/** How long the token route asked this app to wait. All grants share it, so that each of them does not have to ask for itself. */
export class TokenRouteHold {
  readonly #probeMs: number
  /** On the monotonic clock; undefined while nothing is held. */
  #until: number | undefined

  /** @param probeMs how long the first refresh after a hold may take before another one is let through */
  constructor(probeMs: number) {
    this.#probeMs = probeMs
  }

  /** Notes what the token route answered. Any answer that asks for no wait ends the hold. */
  note(status: number, retryAfterSeconds: number | undefined): void {
    const isAskingToWait = status === 429 || (status >= 500 && retryAfterSeconds !== undefined)
    if (!isAskingToWait) {
      this.#until = undefined
      return
    }
    const ms = retryAfterSeconds === undefined ? DEFAULT_HOLD_MS : retryAfterSeconds * 1000
    this.#until = performance.now() + Math.min(ms, MAX_HOLD_MS)
  }

  /** Whether a refresh has to wait. When the hold is over, one is let through to try; the others wait for its answer. */
  isHeld(): boolean {
    if (this.#until === undefined) return false
    if (performance.now() < this.#until) return true
    this.#until = performance.now() + this.#probeMs
    return false
  }
}
