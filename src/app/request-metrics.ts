import type { Metric } from '../observability/metrics.ts'
import type { EdgeFigures } from './request-counters.ts'

/** What comes in: requests, clicks, sends, and how long resolvers take. */
export function edgeMetrics(edge: EdgeFigures): Metric[] {
  return [
    {
      kind: 'counter',
      name: 'kenar_requests_total',
      help: "Requests by the pattern of their route and the class of their status; none where no route took it, or nobody stayed for an answer's begin.",
      labels: ['route', 'status'],
      read: () => edge.requests.read(),
    },
    {
      kind: 'counter',
      name: 'kenar_clicks_total',
      help: 'Clicks by wire (none before it is known) and outcome: resolved, consent_asked, fell_back, shed, or the code of a refusal.',
      labels: ['wire', 'outcome'],
      read: () => edge.clicks.read(),
    },
    {
      kind: 'counter',
      name: 'kenar_landings_total',
      help: 'Where clicks led: landing, consent, fallback, or refused.',
      labels: ['outcome'],
      read: () => edge.landings().map(({ outcome, value }) => ({ labels: { outcome }, value })),
    },
    {
      kind: 'counter',
      name: 'kenar_landing_messages_changed_total',
      help: 'Landings whose message was dropped (not a text, or empty) or shortened (over 200 characters).',
      labels: ['change'],
      read: () => edge.messageChanges.read(),
    },
    {
      kind: 'histogram',
      name: 'kenar_resolver_seconds',
      help: 'How long the resolver took for a click; its deadline is one of the buckets.',
      read: () => edge.resolver.read(),
    },
    {
      kind: 'gauge',
      name: 'kenar_resolver_deadline_seconds',
      help: 'RESOLVER_TIMEOUT_MS.',
      labels: [],
      read: () => [{ labels: {}, value: edge.resolverDeadlineS }],
    },
    {
      kind: 'counter',
      name: 'kenar_sends_total',
      help: 'Requests to send a message, by wire (none before it is known) and outcome: delivered, queued, replayed, or the code of the answer.',
      labels: ['wire', 'outcome'],
      read: () => edge.sends.read(),
    },
  ]
}
