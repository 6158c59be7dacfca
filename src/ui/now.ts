/** Smaller differences are the way of the answer, not a wrong clock. */
const TOLERATED_MS = 30_000

let aheadMs = 0

/** Milliseconds since the epoch by the gateway's clock, as far as it is known: the clock of the reader's machine may be wrong. */
export const now = (): number => Date.now() - aheadMs

/** Learns the gateway's clock from the `Date` header of an answer. */
export function learnClock(date: string | null): void {
  const ahead = Date.now() - Date.parse(date ?? '')
  if (!Number.isNaN(ahead)) aheadMs = Math.abs(ahead) > TOLERATED_MS ? ahead : 0
}
