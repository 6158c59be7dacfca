import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleType } from 'cockatiel'
import type { Outcome } from './outcome.ts'

const FAILURES_IN_A_ROW = 10
const OPEN_MS = 5000
/** Nobody knows how long a probe takes. */
const PROBING_MS = 1000

export type BreakerState = 'closed' | 'open' | 'half_open'

/** Spares one host of Divar's, and everybody who waits for it, while it fails. */
export type Breaker = {
  /** Runs the work, or answers `unavailable` at once while open, or while another call probes. */
  run: (work: () => Promise<Outcome>) => Promise<Outcome>
  /** How many calls it would let through now: 0, 1 (a probe), or Infinity. */
  capacity: () => number
  /** Milliseconds until it is worth asking again; 0 when it is now. */
  opensInMs: () => number
  state: () => BreakerState
}

export type BreakerOptions = {
  /** Told of each new state. Must not throw. */
  onChange: (state: BreakerState) => void
  failures?: number
  openMs?: number
}

export function createBreaker({ onChange, failures, openMs = OPEN_MS }: BreakerOptions): Breaker {
  const policy = circuitBreaker(
    handleType(NotSeenUp, ({ counts }) => counts),
    // Its own clock is the wall's, and would keep it open for as long as somebody sets that back: it may probe whenever we ask.
    { breaker: new ConsecutiveBreaker(failures ?? FAILURES_IN_A_ROW), halfOpenAfter: -Infinity },
  )
  let openedAt = 0
  policy.onStateChange((changed) => {
    if (changed === CircuitState.Open) openedAt = performance.now()
    onChange(STATES[changed])
  })
  const state = () => STATES[policy.state]
  const opensInMs = () => {
    if (state() === 'closed') return 0
    if (state() === 'half_open') return Math.min(openMs, PROBING_MS)
    return Math.max(Math.ceil(openedAt + openMs - performance.now()), 0)
  }
  const capacity = () => {
    if (state() === 'closed') return Infinity
    // Half-open lasts exactly as long as its one probe runs.
    return state() === 'open' && opensInMs() === 0 ? 1 : 0
  }
  const run = async (work: () => Promise<Outcome>): Promise<Outcome> => {
    if (capacity() === 0) {
      return { kind: 'unavailable', retryAfterSeconds: Math.max(Math.ceil(opensInMs() / 1000), 1) }
    }
    const probes = state() !== 'closed'
    try {
      return await policy.execute(async () => {
        const ended = work()
        const sign = await ended.then(signOf, () => 'none' as const)
        if (sign === 'up') return ended
        // A probe that saw nothing is no reason to close, and a call from before the breaker opened none to disturb the probe.
        throw new NotSeenUp(ended, probes || (sign === 'down' && state() === 'closed'))
      })
    } catch (error) {
      if (error instanceof NotSeenUp) return error.ended
      throw error
    }
  }
  return { run, capacity, opensInMs, state }
}

const STATES: Record<CircuitState, BreakerState> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Isolated]: 'open',
}

/** Carries the end of a call through the policy, for which whatever is not thrown is a success, and ends a row of failures. */
class NotSeenUp extends Error {
  readonly ended: Promise<Outcome>
  readonly counts: boolean

  constructor(ended: Promise<Outcome>, counts: boolean) {
    super('the host was not seen to be up')
    this.ended = ended
    this.counts = counts
  }
}

/** Ends that came about on our side. */
const OUR_OWN: ReadonlySet<string> = new Set(['no socket in time', 'unsendable path or header', 'aborted'])

/** What an outcome tells of the host: that it works, that it does not, or nothing. */
function signOf(outcome: Outcome): 'up' | 'down' | 'none' {
  switch (outcome.kind) {
    case 'delivered':
    case 'token_refused':
    case 'not_permitted':
    case 'recipient_restricted':
    case 'rejected':
    case 'rate_limited':
      return 'up'
    case 'platform_error':
      return 'down'
    case 'not_sent':
      return OUR_OWN.has(outcome.reason) ? 'none' : 'down'
    case 'unknown':
      if (!outcome.silent) return 'up'
      return OUR_OWN.has(outcome.reason) ? 'none' : 'down'
    case 'consent_required':
    case 'sender_ambiguous':
    case 'grant_unreadable':
    case 'store_unavailable':
    case 'unavailable':
      return 'none'
  }
}
