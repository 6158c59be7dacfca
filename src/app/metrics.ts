import { VERSION } from '../base/version.ts'
import type { Metric } from '../observability/metrics.ts'
import type { SpanCounts } from '../observability/trace.ts'
import { EVENTS_CALLER } from '../store/store.ts'
import { eventQueueMetrics } from './events-metrics.ts'
import { counter, gauge, gaugeBy, samplesBy } from './metric-kinds.ts'
import { pacingMetrics } from './pacing-metrics.ts'
import type { RequestCounters } from './request-counters.ts'
import type { ConsentMetrics } from './consent.ts'
import type { Stored } from './store.ts'
import type { SubscriptionMetrics } from './subscriptions.ts'
import type { BreakerReading } from './upstreams.ts'

const BREAKER_STATES = { closed: 0, half_open: 1, open: 2 }

type MetricSources = {
  requests: RequestCounters
  breakers: readonly BreakerReading[]
  stored: Stored | undefined
  /** Undefined without tracing. */
  spans: SpanCounts | undefined
  linesLost: () => number
}

/** Every metric of a gateway but those of its process. */
export function describeMetrics({ requests, breakers, stored, spans, linesLost }: MetricSources): Metric[] {
  return [
    gaugeBy('version', 'kenar_build_info', 'Always 1; the version of the gateway is its label.', () => [[VERSION, 1]]),
    counter(
      'kenar_log_lines_lost_total',
      'Lines of the log that were lost because standard output failed or was not read.',
      () => [{ labels: {}, value: linesLost() }],
    ),
    ...requestMetrics(requests),
    gaugeBy(
      'host',
      'kenar_breaker_state',
      "The breaker before a host, Divar's or the resolver's: 0 closed, 1 half open, 2 open.",
      () => worstByHost(breakers),
    ),
    ...(stored ? storeMetrics(stored) : []),
    ...(spans ? [spanMetric(spans)] : []),
  ]
}

/** RESOLVER_URL and ACTION_URL may be on one host, each behind its own breaker. */
function worstByHost(breakers: readonly BreakerReading[]): Map<string, number> {
  const worst = new Map<string, number>()
  for (const { host, state } of breakers) worst.set(host, Math.max(worst.get(host) ?? 0, BREAKER_STATES[state()]))
  return worst
}

function requestMetrics(requests: RequestCounters): Metric[] {
  return [
    counter(
      'kenar_requests_total',
      'Requests by the pattern of their route and the class of their status; none if no route matched, or the client left before the response began.',
      requests.total.read,
    ),
    counter(
      'kenar_clicks_total',
      'Clicks by wire (none before it is known) and outcome: resolved, consent_asked, fell_back, shed, or the code of a refusal.',
      requests.clicks.read,
    ),
    counter('kenar_landings_total', 'Where clicks led: landing, consent, fallback, or refused.', () =>
      samplesBy('outcome', requests.landings()),
    ),
    counter(
      'kenar_landing_messages_changed_total',
      'Landings whose message was dropped (not a text, empty, or with NUL or half of a surrogate pair) or shortened (over 200 characters).',
      requests.messageChanges.read,
    ),
    counter(
      'kenar_events_total',
      "Divar's events by type (other if it is not documented, none before it is known) and outcome: stored, seen, filtered, revoked, without_user, or the code of a refusal.",
      requests.events.read,
    ),
    {
      kind: 'histogram',
      name: 'kenar_resolver_seconds',
      help: 'How long the resolver took for a click; its deadline is one of the buckets.',
      read: () => [requests.resolver.read()],
    },
    gauge('kenar_resolver_deadline_seconds', 'RESOLVER_TIMEOUT_MS.', () => requests.resolverDeadlineS),
    counter(
      'kenar_actions_total',
      'Dynamic actions by outcome: answered, fell_back, shed, or the code of a refusal.',
      requests.actions.read,
    ),
    {
      kind: 'histogram',
      name: 'kenar_action_seconds',
      help: 'How long the module or the service took for a dynamic action; its deadline is one of the buckets.',
      read: () => [requests.action.read()],
    },
    {
      kind: 'histogram',
      name: 'kenar_divar_request_seconds',
      help: "How long Divar's requests took, by route and result: answered or failed. A failed one counts as 5 s, as Divar counts it.",
      read: requests.divarRequests.read,
    },
    counter(
      'kenar_sends_total',
      'Requests to send a message, by wire (v1, v2, bot; none before it is known) and outcome: delivered, queued, replayed, or the code of the answer.',
      requests.sends.read,
    ),
    counter(
      'kenar_platform_calls_total',
      "Platform calls by operation and outcome: the class of Divar's status, or the code of the gateway's own answer.",
      requests.calls.read,
    ),
  ]
}

function storeMetrics({
  isUp,
  outbox: { metrics: outbox },
  notes,
  pacing,
  consent,
  subscriptions: { metrics: subscriptions },
}: Stored): Metric[] {
  /** While the store is away a gauge is absent, so that it never shows an old value. */
  const fresh = <Value>(value: Value | undefined): Value | undefined => (isUp() ? value : undefined)
  const queued = () => fresh(outbox.queued)?.filter(({ caller }) => caller !== EVENTS_CALLER) ?? []
  return [
    gauge('kenar_store_up', '1 while the store can be written to, 0 while it is away.', () => Number(isUp())),
    counter(
      'kenar_outbox_attempts_total',
      'Attempts of stored messages by wire (v1, v2, bot, webhook for notices, event) and outcome.',
      outbox.attempts.read,
    ),
    counter('kenar_outbox_ended_total', 'Stored messages that ended, by wire and final state.', outbox.ended.read),
    gaugeBy(
      'caller',
      'kenar_outbox_queued',
      'Messages that are queued or being sent, by caller; read every 30 s, absent while the store is away.',
      () => queued().map(({ caller, messages }) => [caller, messages]),
    ),
    gauge(
      'kenar_outbox_queue_limit',
      'QUEUE_LIMIT: queued messages that one caller may have.',
      () => outbox.queueLimit,
    ),
    gaugeBy(
      'caller',
      'kenar_outbox_oldest_seconds',
      'Age of the oldest message that is queued or being sent, by caller; read every 30 s, absent while the store is away.',
      () => queued().map(({ caller, oldestMs }) => [caller, oldestMs / 1000]),
    ),
    ...(pacing ? pacingMetrics(pacing) : []),
    ...(outbox.eventsQueueLimit === undefined
      ? []
      : eventQueueMetrics(outbox.eventsQueueLimit, () => fresh(outbox.queued))),
    gauge(
      'kenar_store_clock_doubted',
      "1 while the database's clock jumped or is far from the last heartbeat: nothing is deleted by its age.",
      () => Number(outbox.clock.isClockDoubted),
    ),
    counter(
      'kenar_store_rows_unopened_total',
      'Stored messages and notices that ended as failed because their sealed row was altered or cannot be opened.',
      outbox.unopened.read,
    ),
    gauge(
      'kenar_store_rows_under_older_keys',
      'Rows that are not yet sealed under the newest key of TOKEN_ENCRYPTION_KEY, up to 10000 of each kind; read every 30 s, absent while the store is away.',
      () => fresh(outbox.rowsUnderOlderKeys),
    ),
    gauge(
      'kenar_store_bytes',
      'Bytes of the store with its indexes; read every 30 s, absent while the store is away.',
      () => fresh(outbox.bytes),
    ),
    gauge(
      'kenar_backup_last_success_timestamp_seconds',
      'When the last backup of BACKUP_DIR was complete; absent without backups, or while their folder cannot be read.',
      () => (outbox.lastBackupAt === undefined ? undefined : outbox.lastBackupAt / 1000),
    ),
    ...(notes
      ? [
          counter(
            'kenar_timeline_notes_total',
            'Notes for the timeline, by outcome: stored, dropped.',
            notes.counts.read,
          ),
        ]
      : []),
    ...(consent ? consentMetrics(consent.metrics, () => fresh(consent.metrics.grants)) : []),
    ...(consent ? subscriptionMetrics(subscriptions, () => fresh(subscriptions.subscriptions)) : []),
  ]
}

function consentMetrics({ flows, refreshes }: ConsentMetrics, grants: () => number | undefined): Metric[] {
  return [
    counter('kenar_consent_walks_total', 'Authorization flows that came back from Divar, by outcome.', flows.read),
    counter(
      'kenar_grant_refreshes_total',
      'Refreshes of grants, by outcome: refreshed, ended, failed.',
      refreshes.read,
    ),
    gauge('kenar_grants', 'Live grants; read every 30 s, absent while the store is away.', grants),
  ]
}

function subscriptionMetrics(
  { registrations }: SubscriptionMetrics,
  counted: () => SubscriptionMetrics['subscriptions'],
): Metric[] {
  return [
    gaugeBy(
      'state',
      'kenar_subscriptions',
      'Subscriptions to events by state: active, waiting, failed; read every 30 s, absent while the store is away.',
      () => Object.entries(counted() ?? {}),
    ),
    counter(
      'kenar_subscription_registrations_total',
      'Registrations of subscriptions at Divar, by outcome: registered, or why not.',
      registrations.read,
    ),
  ]
}

function spanMetric(counts: SpanCounts): Metric {
  const help =
    'Spans that ended, by outcome: exported, dropped (the queue was full), failed (the collector did not accept them).'
  return counter('kenar_spans_total', help, () => samplesBy('outcome', Object.entries(counts)))
}
