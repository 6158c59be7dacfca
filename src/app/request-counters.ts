import type { RequestLog } from '../http/app.ts'
import { EVENT_TYPES } from '../event/event.ts'
import { Counter, Histogram } from '../observability/metrics.ts'
import { DivarRequests } from './divar-requests.ts'

/** Bucket bounds in seconds. RESOLVER_TIMEOUT_MS is added as a bucket, so that timeouts can be told apart. */
const RESOLVER_BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30]

/** Present from the start, at 0, because alerts use them. */
const CLICK_OUTCOMES = ['resolved', 'consent_asked', 'fell_back', 'shed', 'resolver_failed', 'overloaded']
const ACTION_OUTCOMES = ['answered', 'fell_back', 'shed', 'action_failed', 'overloaded']
const SEND_OUTCOMES = ['delivered', 'platform_error', 'not_sent', 'unknown', 'rate_limited', 'store_unavailable']

const EVENT_OUTCOMES = ['stored', 'seen', 'filtered', 'events_queue_full', 'store_unavailable']

const KNOWN_WIRES = ['v1', 'v2', 'bot']
const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx']

function classOf(status: number): string {
  return STATUS_CLASSES[Math.floor(status / 100)] ?? 'none'
}

/**
 * Counts requests, clicks and sends from the request log that also writes the log line, so that both agree. Label values come from closed lists,
 * e.g. route patterns and fault codes, so that clients cannot add series.
 */
export class RequestCounters {
  readonly total = new Counter('route', 'status')
  readonly clicks = new Counter('wire', 'outcome')
  readonly actions = new Counter('outcome')
  readonly sends = new Counter('wire', 'outcome')
  readonly calls = new Counter('operation', 'outcome')
  readonly events = new Counter('type', 'outcome')
  readonly messageChanges = new Counter('change')
  readonly divarRequests = new DivarRequests()
  readonly resolver: Histogram
  readonly action: Histogram
  readonly resolverDeadlineS: number

  constructor(resolverTimeoutMs: number) {
    this.resolverDeadlineS = resolverTimeoutMs / 1000
    const bounds = [...new Set([...RESOLVER_BOUNDS, this.resolverDeadlineS])].sort((one, other) => one - other)
    this.resolver = new Histogram(bounds)
    this.action = new Histogram(bounds)
    for (const outcome of ACTION_OUTCOMES) this.actions.init(outcome)
    for (const wire of ['v1', 'v2']) for (const outcome of CLICK_OUTCOMES) this.clicks.init(wire, outcome)
    for (const wire of ['v1', 'v2', 'bot']) for (const outcome of SEND_OUTCOMES) this.sends.init(wire, outcome)
    for (const type of EVENT_TYPES) for (const outcome of EVENT_OUTCOMES) this.events.init(type, outcome)
    this.clicks.init('none', 'identification_refused')
    for (const change of ['dropped', 'shortened']) this.messageChanges.init(change)
  }

  readonly onAnswered = (route: string, status: number): void => {
    this.total.count(route, classOf(status))
  }

  readonly onConcluded = ({ subject, fields }: RequestLog, event: string): void => {
    if (subject === undefined) return
    if (subject === 'call') {
      this.#countCall(fields)
      return
    }
    this.divarRequests.count(subject, fields)
    const wire = KNOWN_WIRES.find((known) => known === fields['wire']) ?? 'none'
    const { code, resolver_ms: resolverMs, landing_message: change, event_type: eventType } = fields
    const outcome = typeof code === 'string' ? code : event.slice(event.indexOf('.') + 1)
    if (typeof change === 'string') this.messageChanges.count(change)
    if (typeof resolverMs === 'number') {
      const histogram = subject === 'action' ? this.action : this.resolver
      histogram.observe(resolverMs / 1000)
    }
    if (subject === 'send') this.sends.count(wire, outcome)
    else if (subject === 'action') this.actions.count(outcome)
    else if (subject === 'event') this.events.count(typeof eventType === 'string' ? eventType : 'none', outcome)
    else this.clicks.count(wire, code === undefined && fields['consent'] === 'asked' ? 'consent_asked' : outcome)
  }

  #countCall({ operation, code, divar_status: status }: RequestLog['fields']): void {
    const outcome = typeof code === 'string' ? code : classOf(Number(status))
    if (typeof operation === 'string') this.calls.count(operation, outcome)
  }

  /** Clicks by destination: landing, consent, fallback, or refused. */
  landings(): Map<string, number> {
    const landings = new Map([...LANDINGS.values(), 'refused'].map((outcome) => [outcome, 0]))
    for (const { labels, value } of this.clicks.read()) {
      const outcome = LANDINGS.get(labels['outcome'] ?? '') ?? 'refused'
      landings.set(outcome, (landings.get(outcome) ?? 0) + value)
    }
    return landings
  }
}

const LANDINGS = new Map([
  ['resolved', 'landing'],
  ['consent_asked', 'consent'],
  ['fell_back', 'fallback'],
  ['shed', 'fallback'],
])
