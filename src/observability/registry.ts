import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Registry,
  type MetricObjectWithValues,
  type MetricValueWithName,
} from '@prometheus-io/client'
import type { HistogramReading, Metric } from './metrics.ts'

/** All metrics in the text format of Prometheus, with those of the process. */
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
        // Without labels it would be 0 until it is set.
        if (labelNames.length === 0) this.remove()
        for (const { labels, value } of read()) this.set(labels, value)
      },
    })
  }
}

/**
 * A histogram whose numbers are counted elsewhere. The library's own accepts single observations only, and would have to be loaded before the first
 * click.
 */
class ReadHistogram extends Gauge<'le'> {
  readonly #name: string
  readonly #help: string
  readonly #read: () => HistogramReading

  constructor(name: string, help: string, read: () => HistogramReading) {
    super({ name, help, labelNames: ['le'], registers: [] })
    this.#name = name
    this.#help = help
    this.#read = read
  }

  override get(): Promise<MetricObjectWithValues<MetricValueWithName<'le'>>> {
    const { buckets, sum, count } = this.#read()
    const name = this.#name
    return Promise.resolve({
      name,
      help: this.#help,
      type: 'histogram',
      aggregator: 'sum',
      collect: () => undefined,
      values: [
        ...buckets.map(({ le, count: value }) => ({ metricName: `${name}_bucket`, labels: { le }, value })),
        { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count },
        { metricName: `${name}_sum`, labels: {}, value: sum },
        { metricName: `${name}_count`, labels: {}, value: count },
      ],
    })
  }
}
