import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleType } from 'cockatiel'

const OPEN_MS = 5000
/** Nobody knows how long a probe takes. */
const PROBING_MS = 1000

export type BreakerState = 'closed' | 'open' | 'half_open'

/** What the end of a call tells of its host: that it works, that it does not, or nothing. */
export type Sign = 'up' | 'down' | 'none'

/** Spares one host, and everybody who waits for it, while it fails. */
export type Breaker<Result> = {
  /** Runs the work, or answers at once, without it, while open, or while another call probes. */
  run: (work: () => Promise<Result>) => Promise<Result>
  /** How many calls it would let through now: 0, 1 (a probe), or Infinity. */
  capacity: () => number
  /** Milliseconds until it is worth asking again; 0 when it is now. */
  opensInMs: () => number
  state: () => BreakerState
}

export type BreakerOptions<Result> = {
  /** So many in a row open it. */
  failures: number
  openMs?: number | undefined
  signOf: (result: Result) => Sign
  /** The answer to a call that is not let through. */
  refuse: (retryAfterSeconds: number) => Result
  /** Told of each new state. Must not throw. */
  onChange: (state: BreakerState) => void
}

export function createBreaker<Result>({
  failures,
  openMs = OPEN_MS,
  signOf,
  refuse,
  onChange,
}: BreakerOptions<Result>): Breaker<Result> {
  const policy = circuitBreaker(
    handleType(NotSeenUp),
    // Its own clock is the wall's, and would keep it open for as long as somebody sets that back: it may probe whenever we ask.
    { breaker: new ConsecutiveBreaker(failures), halfOpenAfter: -Infinity },
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
  let isRowOfFailures = false
  const tell = async (sign: Sign): Promise<void> => {
    if (sign === 'none' || (sign === 'up' && !isRowOfFailures)) return
    isRowOfFailures = sign === 'down'
    const end = sign === 'up' ? () => undefined : () => Promise.reject(new NotSeenUp())
    await policy.execute(end).catch(() => undefined)
  }
  /** Goes around the policy, which needs to be told of changes only: through it, each call would cost four more promises. */
  const runClosed = async (work: () => Promise<Result>): Promise<Result> => {
    const result = await work()
    // A call from before it opened may not disturb the probe.
    if (state() === 'closed') await tell(signOf(result))
    return result
  }
  const run = async (work: () => Promise<Result>): Promise<Result> => {
    if (state() === 'closed') return runClosed(work)
    if (capacity() === 0) return refuse(Math.max(Math.ceil(opensInMs() / 1000), 1))
    const call: { ended?: Promise<Result> } = {}
    try {
      return await policy.execute(async () => {
        const ended = work()
        call.ended = ended
        const sign = await ended.then(signOf, () => 'none' as const)
        if (sign === 'up') return ended
        // A probe that saw nothing is no reason to close.
        throw new NotSeenUp()
      })
    } catch (error) {
      if (error instanceof NotSeenUp && call.ended !== undefined) return call.ended
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

/** Takes the end of a call through the policy, for which whatever is not thrown is a success, and ends a row of failures. */
class NotSeenUp extends Error {
  constructor() {
    super('the host was not seen to be up')
  }
}
