import type { Metric } from '../observability/metrics.ts'
import type { StoreReadings } from '../outbox/maintenance.ts'
import { EVENTS_CALLER } from '../store/store.ts'
import { gauge } from './metric-kinds.ts'

const NONE = { messages: 0, bytes: 0, oldestMs: 0 }

/** @param read the last count of what waits; undefined while the store is away */
export function eventQueueMetrics(limit: number, read: () => StoreReadings['queued']): Metric[] {
  const waiting = (name: string, help: string, value: (events: typeof NONE) => number) =>
    gauge(name, `${help}; read every 30 s, absent while the store is away.`, () => {
      const counted = read()
      return counted && value(counted.find(({ caller }) => caller === EVENTS_CALLER) ?? NONE)
    })
  return [
    waiting('kenar_events_queued', 'Events that wait or are being passed on', ({ messages }) => messages),
    waiting('kenar_events_queued_bytes', 'Bytes of these events, at most 256 MiB', ({ bytes }) => bytes),
    waiting('kenar_events_oldest_seconds', 'Age of the oldest of these events', ({ oldestMs }) => oldestMs / 1000),
    gauge('kenar_events_queue_limit', 'EVENTS_QUEUE_LIMIT: events that may wait.', () => limit),
  ]
}
