import type { Metric } from '../observability/metrics.ts'
import type { Pacing } from '../outbox/pacing.ts'
import { gauge, gaugeBy } from './metric-kinds.ts'

export function pacingMetrics({ limits, waitMs }: Pacing): Metric[] {
  const named = [
    ['minute', limits.perMinute],
    ['day', limits.perDay],
  ] as const
  return [
    gaugeBy(
      'window',
      'kenar_outbox_sends_limit',
      'DIVAR_SENDS_PER_MINUTE and DIVAR_SENDS_PER_DAY, by window: minute, day.',
      () => named.flatMap(([window, limit]) => (limit === undefined ? [] : [[window, limit] as const])),
    ),
    gauge(
      'kenar_outbox_pacing_wait_seconds',
      'Time until these limits let the next queued message go; 0 while none waits for them.',
      () => waitMs() / 1000,
    ),
  ]
}
