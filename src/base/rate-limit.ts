const WINDOW_MS = 60_000

/** What is left to somebody. */
export type Allowance = {
  /** False when there was nothing left to take. */
  taken: boolean
  /** Seconds until there is as much as ever. */
  resetsInS: number
  headers: Record<'ratelimit' | 'ratelimit-policy', string>
}

export type QuotaOptions = {
  /** In the headers. */
  name: string
  perMinute: number
  /** So many are counted at once; past it, the ones that were counted first begin anew. */
  maxKeys: number
}

/**
 * So many of something a minute for each key, the minute beginning with the first. Since all minutes are of one length, keys stand in the order in
 * which they end: the oldest is the first, and nothing has to be timed.
 */
export class Quota {
  readonly #options: QuotaOptions
  readonly #windows = new Map<string, { left: number; endsAt: number }>()

  constructor(options: QuotaOptions) {
    this.#options = options
  }

  take(key: string): Allowance {
    const { name, perMinute } = this.#options
    const now = performance.now()
    const window = this.#windowOf(key, now)
    const taken = window.left > 0
    if (taken) window.left -= 1
    // Rounded first: what was added to a clock does not come off it to the last digit.
    const resetsInS = Math.max(Math.ceil(Math.round(window.endsAt - now) / 1000), 1)
    return { taken, resetsInS, headers: rateLimitHeaders(name, perMinute, window.left, resetsInS, WINDOW_MS / 1000) }
  }

  #windowOf(key: string, now: number): { left: number; endsAt: number } {
    const running = this.#windows.get(key)
    if (running !== undefined && running.endsAt > now) return running
    this.#windows.delete(key)
    for (const [oldest, { endsAt }] of this.#windows) {
      if (endsAt > now && this.#windows.size < this.#options.maxKeys) break
      this.#windows.delete(oldest)
    }
    const window = { left: this.#options.perMinute, endsAt: now + WINDOW_MS }
    this.#windows.set(key, window)
    return window
  }
}

/** As draft-ietf-httpapi-ratelimit-headers has it: how much there is in all, each window, and what is left of it for how long. */
export function rateLimitHeaders(
  name: string,
  limit: number,
  left: number,
  resetsInS: number,
  windowS?: number,
): Allowance['headers'] {
  return {
    'ratelimit-policy': `"${name}";q=${limit}${windowS === undefined ? '' : `;w=${windowS}`}`,
    ratelimit: `"${name}";r=${left};t=${resetsInS}`,
  }
}
