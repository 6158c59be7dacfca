import type { RequestLog } from '../http/app.ts'
import { LastDay } from '../observability/last-day.ts'
import { Histogram } from '../observability/metrics.ts'

/** In seconds. Divar's limits for the p99 (2) and for a failure (5) are bounds, so that both can be counted exactly. */
const BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5]

/** What Divar counts for an error or a timeout. */
const FAILURE_S = 5

/** Answers to strangers: a wrong key, an address that is not Divar's, another method, too many wrong keys. */
const NOT_OF_DIVAR = [401, 403, 404, 405, 429]

/** Durations of Divar's requests, counted as Divar's availability rule counts them. */
export class DivarRequests {
  /** The last 24 hours of this process. */
  readonly lastDays = { sessions: new LastDay(), events: new LastDay(), actions: new LastDay() }
  /** By the subject of the request log. */
  readonly #routes = new Map([
    ['click', countersOf('/divar/session', this.lastDays.sessions)],
    ['action', countersOf('/divar/action', this.lastDays.actions)],
    ['event', countersOf('/divar/events', this.lastDays.events)],
  ])

  /** @param fields those of the finished request's log line */
  count(subject: string, { status, duration_ms: durationMs, client_gone: clientGone }: RequestLog['fields']): void {
    const counters = this.#routes.get(subject)
    if (counters === undefined || typeof status !== 'number' || NOT_OF_DIVAR.includes(status)) return
    const isFailure = clientGone === true || status >= 300
    counters.lastDay.observe(Number(durationMs), isFailure)
    if (isFailure) counters.failed.observe(FAILURE_S)
    else counters.answered.observe(Number(durationMs) / 1000)
  }

  readonly read = () => [...this.#routes.values()].flatMap(({ answered, failed }) => [answered.read(), failed.read()])
}

function countersOf(route: string, lastDay: LastDay) {
  return {
    lastDay,
    answered: new Histogram(BOUNDS, { route, result: 'answered' }),
    failed: new Histogram(BOUNDS, { route, result: 'failed' }),
  }
}
