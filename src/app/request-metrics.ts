import { type Metric, Counter, Histogram } from '../observability/metrics.ts'
import type { RequestLog } from '../http/request-log.ts'

/** Metrics of requests, clicks, sends and resolvers. */
export function requestMetrics(requests: RequestCounters): Metric[] {
  return [
    {
      kind: 'counter',
      name: 'kenar_requests_total',
      help: 'Requests by the pattern of their route and the class of their status; none if no route matched, or the client left before the response began.',
      labels: ['route', 'status'],
      read: () => requests.total.read(),
    },
    {
      kind: 'counter',
      name: 'kenar_clicks_total',
      help: 'Clicks by wire (none before it is known) and outcome: resolved, consent_asked, fell_back, shed, or the code of a refusal.',
      labels: ['wire', 'outcome'],
      read: () => requests.clicks.read(),
    },
    {
      kind: 'counter',
      name: 'kenar_landings_total',
      help: 'Where clicks led: landing, consent, fallback, or refused.',
      labels: ['outcome'],
      read: () => requests.landings().map(({ outcome, value }) => ({ labels: { outcome }, value })),
    },
    {
      kind: 'counter',
      name: 'kenar_landing_messages_changed_total',
      help: 'Landings whose message was dropped (not a text, or empty) or shortened (over 200 characters).',
      labels: ['change'],
      read: () => requests.messageChanges.read(),
    },
    {
      kind: 'histogram',
      name: 'kenar_resolver_seconds',
      help: 'How long the resolver took for a click; its deadline is one of the buckets.',
      read: () => requests.resolver.read(),
    },
    {
      kind: 'gauge',
      name: 'kenar_resolver_deadline_seconds',
      help: 'RESOLVER_TIMEOUT_MS.',
      labels: [],
      read: () => [{ labels: {}, value: requests.resolverDeadlineS }],
    },
    {
      kind: 'counter',
      name: 'kenar_sends_total',
      help: 'Requests to send a message, by wire (none before it is known) and outcome: delivered, queued, replayed, or the code of the answer.',
      labels: ['wire', 'outcome'],
      read: () => requests.sends.read(),
    },
  ]
}

/** In seconds. RESOLVER_TIMEOUT_MS is added as a bucket, so that timeouts can be told apart. */
const RESOLVER_BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30]

/** Present from the start, at 0, because alerts use them. */
const EXPECTED_OF_CLICKS = ['resolved', 'consent_asked', 'fell_back', 'shed', 'resolver_failed', 'overloaded']
const EXPECTED_OF_SENDS = ['delivered', 'platform_error', 'not_sent', 'unknown', 'rate_limited', 'store_unavailable']

const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx']

/**
 * Counts requests, clicks and sends from the same request log that writes the log line, so that both agree. Label values come from closed
 * lists, e.g. route patterns and fault codes, so that clients cannot add series.
 */
export class RequestCounters {
  readonly total = new Counter('route', 'status')
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
    this.total.count(route, STATUS_CLASSES[Math.floor(status / 100)] ?? 'none')
  }

  readonly onConcluded = ({ subject, fields }: RequestLog, event: string): void => {
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

  /** Clicks by destination: landing, consent, fallback, or refused. */
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
