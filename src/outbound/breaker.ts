const OPEN_MS = 5000
/** Advised wait while a probe runs. */
const RETRY_DURING_PROBE_MS = 1000
/** A probe that takes longer is given up. Longer than the longest timeout of a call, which is one minute. */
const PROBE_TIMEOUT_MS = 90_000

export type BreakerState = 'closed' | 'open' | 'half_open'

/** What a call says about its host. An ignored one says nothing. */
export type CallResult = 'success' | 'failure' | 'ignored'

/** A circuit breaker before one host. */
export type Breaker<Result> = {
  /** Runs the work. While open, or while another call probes, answers at once without running it. */
  run: (work: () => Promise<Result>) => Promise<Result>
  /** How many calls it would let through now: 0, 1 (a probe), or Infinity. */
  capacity: () => number
  /** Milliseconds until the next attempt makes sense; 0 if it does now. */
  opensInMs: () => number
  state: () => BreakerState
}

export type BreakerOptions<Result> = {
  /** It opens after so many failures in a row. */
  failures: number
  /** How long it stays open before one call may probe, in milliseconds; 5000 by default. */
  openMs?: number | undefined
  classify: (result: Result) => CallResult
  /** The answer to a call that is not let through. */
  refuse: (retryAfterSeconds: number) => Result
  /** Called with each new state. Must not throw. */
  onChange: (state: BreakerState) => void
}

/** Times are monotonic, so setting the wall clock changes nothing. */
export function createBreaker<Result>({
  failures,
  openMs = OPEN_MS,
  classify,
  refuse,
  onChange,
}: BreakerOptions<Result>): Breaker<Result> {
  let state: BreakerState = 'closed'
  let failuresInARow = 0
  /** When the next call may probe, unless closed. */
  let nextProbeAt = 0
  let latestProbe = 0
  const currentState = () => state
  const change = (to: BreakerState) => {
    if (state === to) return
    state = to
    onChange(to)
  }
  const open = () => {
    nextProbeAt = performance.now() + openMs
    change('open')
  }
  const close = () => {
    failuresInARow = 0
    change('closed')
  }
  const count = (ended: CallResult) => {
    if (ended === 'success') failuresInARow = 0
    if (ended !== 'failure') return
    failuresInARow += 1
    if (failuresInARow >= failures) open()
  }
  const runProbe = async (work: () => Promise<Result>): Promise<Result> => {
    latestProbe += 1
    const probe = latestProbe
    nextProbeAt = performance.now() + PROBE_TIMEOUT_MS
    change('half_open')
    let ended: CallResult = 'ignored'
    try {
      const result = await work()
      ended = classify(result)
      return result
    } finally {
      // Only a success closes it. A probe that was given up decides nothing.
      if (probe === latestProbe && ended === 'success') close()
      else if (probe === latestProbe) open()
    }
  }
  const opensInMs = () => {
    if (state === 'closed') return 0
    const leftMs = Math.max(Math.ceil(nextProbeAt - performance.now()), 0)
    return state === 'half_open' ? Math.min(leftMs, openMs, RETRY_DURING_PROBE_MS) : leftMs
  }
  const capacity = () => {
    if (state === 'closed') return Infinity
    return opensInMs() === 0 ? 1 : 0
  }
  const run = async (work: () => Promise<Result>): Promise<Result> => {
    if (capacity() === 0) return refuse(Math.max(Math.ceil(opensInMs() / 1000), 1))
    if (state !== 'closed') return runProbe(work)
    const result = await work()
    // A call from before it opened must not decide for the probe.
    if (currentState() === 'closed') count(classify(result))
    return result
  }
  return { run, capacity, opensInMs, state: currentState }
}
