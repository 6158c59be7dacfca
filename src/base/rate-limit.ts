const WINDOW_MS = 60_000

type Allowance = {
  /** False when the limit was reached. */
  taken: boolean
  /** Seconds until the window ends. */
  resetsInS: number
  headers: Record<'ratelimit' | 'ratelimit-policy', string>
}

type RateLimitOptions = {
  /** Its name in the headers. */
  name: string
  perMinute: number
  /** A bound on memory: past it, the oldest keys are forgotten. */
  maxKeys: number
}

/**
 * A number of uses per minute for each key, in a window that begins with the key's first use. All windows have one length, so the map is in the
 * order in which they end, and expired keys are found first, without a timer.
 */
export class RateLimit {
  readonly #options: RateLimitOptions
  readonly #windows = new Map<string, { left: number; endsAt: number }>()

  constructor(options: RateLimitOptions) {
    this.#options = options
  }

  take(key: string): Allowance {
    const { name, perMinute } = this.#options
    const now = performance.now()
    const window = this.#windowOf(key, now)
    const taken = window.left > 0
    if (taken) window.left -= 1
    // Rounded first, because adding to a clock and subtracting again is not exact.
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

/** The headers of draft-ietf-httpapi-ratelimit-headers: the limit per window, and what is left of it for how many seconds. */
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

const MAX_RETRY_AFTER_S = 24 * 60 * 60

/** `Retry-After` in whole seconds, from seconds or a date, at most a day; undefined when it is neither. */
export function readRetryAfter(header: string | string[] | undefined): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? ''
  // A date begins with its weekday; Date.parse would also accept `-1`.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(inUtc(text)) : NaN
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((date - Date.now()) / 1000)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_S) : undefined
}

/** The asctime form, `Sun Nov  6 08:49:37 1994`, is in UTC; Date.parse would use the machine's time zone. */
function inUtc(date: string): string {
  return /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/.test(date) ? `${date} UTC` : date
}
