import { collectDefaultMetrics, Counter, Gauge, Registry } from '@prometheus-io/client'
import type { SpreadReading } from './histogram.ts'
import type { Labels } from './counter.ts'
import { ReadHistogram } from './read-histogram.ts'

type Reading = { labels: Labels; value: number }

/** One metric, read when somebody asks. */
export type Metric =
  | {
      kind: 'counter' | 'gauge'
      name: string
      help: string
      labels: readonly string[]
      read: () => readonly Reading[]
    }
  | { kind: 'histogram'; name: string; help: string; read: () => SpreadReading }

/** All metrics in the text form of Prometheus, with those of the process. */
export function createRegistry(metrics: readonly Metric[]): { contentType: string; write: () => Promise<string> } {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const metric of metrics) register(metric, registry)
  return { contentType: registry.contentType, write: () => registry.metrics() }
}

function register(metric: Metric, registry: Registry): void {
  const { name, help } = metric
  if (metric.kind === 'histogram') {
    registry.registerMetric(new ReadHistogram(name, help, metric.read))
    return
  }
  const { kind, labels: labelNames, read } = metric
  const options = { name, help, labelNames: [...labelNames], registers: [registry] }
  if (kind === 'counter') {
    new Counter({
      ...options,
      collect() {
        this.reset()
        for (const { labels, value } of read()) this.inc(labels, value)
      },
    })
  } else {
    new Gauge({
      ...options,
      collect() {
        this.reset()
        // A gauge without labels would be 0 until it is set.
        if (labelNames.length === 0) this.remove()
        for (const { labels, value } of read()) this.set(labels, value)
      },
    })
  }
}
