import { collectDefaultMetrics, Counter, Gauge, Registry } from '@prometheus-io/client'
import type { Labels } from '../base/tally.ts'

type Reading = { labels: Labels; value: number }

/** One metric, read when somebody asks. */
export type Metric = {
  kind: 'counter' | 'gauge'
  name: string
  help: string
  labels: readonly string[]
  read: () => readonly Reading[]
}

/** All metrics in the text form of Prometheus, with those of the process. */
export function createRegistry(metrics: readonly Metric[]): { contentType: string; write: () => Promise<string> } {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { kind, name, help, labels, read } of metrics) {
    const options = { name, help, labelNames: [...labels], registers: [registry] }
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
          for (const { labels, value } of read()) this.set(labels, value)
        },
      })
    }
  }
  return { contentType: registry.contentType, write: () => registry.metrics() }
}
