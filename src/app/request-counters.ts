import { Counter, Histogram } from '../observability/metrics.ts'
import type { UnitOfWork } from '../http/request-log.ts'

/** In seconds. The deadline is a bound of its own, so that what missed it stands out. */
const RESOLVER_BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30]

/** Those that alerts look at. */
const EXPECTED_OF_CLICKS = ['resolved', 'consent_asked', 'fell_back', 'shed', 'resolver_failed', 'overloaded']
const EXPECTED_OF_SENDS = ['delivered', 'platform_error', 'not_sent', 'unknown', 'rate_limited', 'store_unavailable']

const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx']

/**
 * What can be counted of requests, clicks and sends: from the same unit of work as its line in the log, so that these two agree. Every value of
 * a label is a word of ours, such as a route's pattern or a fault's code, so nobody outside can make new ones.
 */
export class EdgeFigures {
  readonly requests = new Counter('route', 'status')
  readonly clicks = new Counter('wire', 'outcome')
  readonly sends = new Counter('wire', 'outcome')
  readonly messageChanges = new Counter('change')
  readonly resolver: Histogram
  readonly resolverDeadlineS: number

  constructor(resolverTimeoutMs: number) {
    this.resolverDeadlineS = resolverTimeoutMs / 1000
    const bounds = new Set([...RESOLVER_BOUNDS, this.resolverDeadlineS])
    this.resolver = new Histogram([...bounds].sort((one, other) => one - other))
    for (const wire of ['v1', 'v2']) {
      for (const outcome of EXPECTED_OF_CLICKS) this.clicks.init(wire, outcome)
      for (const outcome of EXPECTED_OF_SENDS) this.sends.init(wire, outcome)
    }
    this.clicks.init('none', 'identification_refused')
    for (const change of ['dropped', 'shortened']) this.messageChanges.init(change)
  }

  readonly onAnswered = (route: string, status: number): void => {
    this.requests.count(route, STATUS_CLASSES[Math.floor(status / 100)] ?? 'none')
  }

  readonly onConcluded = ({ subject, fields }: UnitOfWork, event: string): void => {
    if (subject === undefined) return
    const wire = fields['wire'] === 'v1' || fields['wire'] === 'v2' ? fields['wire'] : 'none'
    const { code, resolver_ms: resolverMs, landing_message: change } = fields
    if (typeof change === 'string') this.messageChanges.count(change)
    if (typeof resolverMs === 'number') this.resolver.observe(resolverMs / 1000)
    if (subject === 'send') this.sends.count(wire, typeof code === 'string' ? code : event.slice('message.'.length))
    else if (typeof code === 'string') this.clicks.count(wire, code)
    else if (fields['consent'] === 'asked') this.clicks.count(wire, 'consent_asked')
    else this.clicks.count(wire, event.slice('click.'.length))
  }

  /** Where clicks led: the landing, the walk of consent, the fallback, or nowhere. */
  landings(): { outcome: string; value: number }[] {
    const landings = new Map([...LANDINGS.values(), 'refused'].map((outcome) => [outcome, 0]))
    for (const { labels, value } of this.clicks.read()) {
      const outcome = LANDINGS.get(labels['outcome'] ?? '') ?? 'refused'
      landings.set(outcome, (landings.get(outcome) ?? 0) + value)
    }
    return [...landings].map(([outcome, value]) => ({ outcome, value }))
  }
}

const LANDINGS = new Map([
  ['resolved', 'landing'],
  ['consent_asked', 'consent'],
  ['fell_back', 'fallback'],
  ['shed', 'fallback'],
])
