import type { Metric } from '../observability/metrics.ts'
import type { OutboxMetrics } from '../outbox/outbox.ts'
import type { BreakerReading } from './divar.ts'
import type { ConsentMetrics } from './consent.ts'
import type { SpanCounts } from '../observability/spans.ts'
import { requestMetrics, type RequestCounters } from './request-metrics.ts'
import { VERSION } from '../base/version.ts'

const BREAKER_STATES = { closed: 0, half_open: 1, open: 2 }

/** What a gauge of the store shows: nothing where it could not be read, rather than what was read long ago. */
type OfStore = <Value>(read: readonly Value[] | undefined) => readonly Value[]

export type Figures = {
  requests: RequestCounters
  breakers: readonly BreakerReading[]
  /** Where there is a store. */
  outbox: OutboxMetrics | undefined
  /** Where users are asked. */
  consent: ConsentMetrics | undefined
  /** Where spans are asked for. */
  spans: SpanCounts | undefined
  /** Where there is a store. */
  isStoreUp: (() => boolean) | undefined
  /** Lines of the log that could not be written. */
  linesLost: () => number
}

/** Every metric of a gateway, besides those of its process. */
export function describeMetrics(figures: Figures): Metric[] {
  const { requests, breakers, outbox, consent, spans, isStoreUp, linesLost } = figures
  const ofStore: OfStore = (read = []) => (isStoreUp?.() === true ? read : [])
  return [
    {
      kind: 'gauge',
      name: 'kenar_build_info',
      help: 'Always 1; the version of the gateway is its label.',
      labels: ['version'],
      read: () => [{ labels: { version: VERSION }, value: 1 }],
    },
    {
      kind: 'counter',
      name: 'kenar_log_lines_lost_total',
      help: 'Lines of the log that were lost because standard output failed or was not read.',
      labels: [],
      read: () => [{ labels: {}, value: linesLost() }],
    },
    ...requestMetrics(requests),
    {
      kind: 'gauge',
      name: 'kenar_breaker_state',
      help: "The breaker before a host, Divar's or the resolver's: 0 closed, 1 half open, 2 open.",
      labels: ['host'],
      read: () => breakers.map(({ host, state }) => ({ labels: { host }, value: BREAKER_STATES[state()] })),
    },
    ...(isStoreUp ? storeMetrics(isStoreUp) : []),
    ...(outbox ? outboxMetrics(outbox, ofStore) : []),
    ...(consent ? consentMetrics(consent, ofStore) : []),
    ...(spans ? spanMetrics(spans) : []),
  ]
}

function storeMetrics(isUp: () => boolean): Metric[] {
  return [
    {
      kind: 'gauge',
      name: 'kenar_store_up',
      help: '1 while the store can be written to, 0 while it is away.',
      labels: [],
      read: () => [{ labels: {}, value: isUp() ? 1 : 0 }],
    },
  ]
}

function outboxMetrics(figures: OutboxMetrics, ofStore: OfStore): Metric[] {
  return [
    {
      kind: 'counter',
      name: 'kenar_outbox_attempts_total',
      help: 'Attempts of stored messages by wire (v1, v2, webhook) and outcome.',
      labels: ['wire', 'outcome'],
      read: () => figures.attempts.read(),
    },
    {
      kind: 'counter',
      name: 'kenar_outbox_ended_total',
      help: 'Stored messages that ended, by wire and final state.',
      labels: ['wire', 'state'],
      read: () => figures.ended.read(),
    },
    {
      kind: 'gauge',
      name: 'kenar_outbox_queued',
      help: 'Messages that are queued or being sent, by caller; read every 30 s, absent while the store is away.',
      labels: ['caller'],
      read: () => ofStore(figures.queued).map(({ caller, messages }) => ({ labels: { caller }, value: messages })),
    },
    {
      kind: 'gauge',
      name: 'kenar_outbox_queue_limit',
      help: 'QUEUE_LIMIT: queued messages that one caller may have.',
      labels: [],
      read: () => [{ labels: {}, value: figures.queueLimit }],
    },
    {
      kind: 'gauge',
      name: 'kenar_outbox_oldest_seconds',
      help: 'Age of the oldest message that is queued or being sent, by caller; read every 30 s, absent while the store is away.',
      labels: ['caller'],
      read: () =>
        ofStore(figures.queued).map(({ caller, oldestMs }) => ({ labels: { caller }, value: oldestMs / 1000 })),
    },
    {
      kind: 'gauge',
      name: 'kenar_store_clock_doubted',
      help: "1 while the database's clock jumped or is far from the last heartbeat: nothing is deleted by its age.",
      labels: [],
      read: () => [{ labels: {}, value: Number(figures.clock.isClockDoubted) }],
    },
    {
      kind: 'counter',
      name: 'kenar_store_rows_unopened_total',
      help: 'Stored messages and notices that ended as failed because their sealed row was altered or cannot be opened.',
      labels: [],
      read: () => figures.unopened.read(),
    },
    {
      kind: 'gauge',
      name: 'kenar_store_rows_under_older_keys',
      help: 'Rows that are not yet sealed under the newest key of TOKEN_ENCRYPTION_KEY, up to 10000 of each kind; read every 30 s, absent while the store is away.',
      labels: [],
      read: () => ofStore(numberOf(figures.rowsUnderOlderKeys)),
    },
  ]
}

function numberOf(value: number | undefined) {
  return value === undefined ? [] : [{ labels: {}, value }]
}

function consentMetrics(figures: ConsentMetrics, ofStore: OfStore): Metric[] {
  return [
    {
      kind: 'counter',
      name: 'kenar_consent_walks_total',
      help: 'Authorization flows that came back from Divar, by outcome.',
      labels: ['outcome'],
      read: () => figures.flows.read(),
    },
    {
      kind: 'counter',
      name: 'kenar_grant_refreshes_total',
      help: 'Refreshes of grants, by outcome: refreshed, ended, failed.',
      labels: ['outcome'],
      read: () => figures.refreshes.read(),
    },
    {
      kind: 'gauge',
      name: 'kenar_grants',
      help: 'Live grants; read every 30 s, absent while the store is away.',
      labels: [],
      read: () => ofStore(numberOf(figures.grants)),
    },
  ]
}

function spanMetrics(counts: SpanCounts): Metric[] {
  return [
    {
      kind: 'counter',
      name: 'kenar_spans_total',
      help: 'Spans that ended, by what became of them: exported, dropped (the queue was full), failed (the collector did not take them).',
      labels: ['outcome'],
      read: () => Object.entries(counts).map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
  ]
}
