import type { MetricObjectWithValues, MetricValueWithName } from '@prometheus-io/client'

/** Values of labels that come later are not counted: a bound on memory. */
const MAX_SERIES = 1000

export type Sample = { labels: Readonly<Record<string, string>>; value: number }

/** One metric, read when metrics are scraped. */
export type Metric =
  | { kind: 'counter' | 'gauge'; name: string; help: string; read: () => readonly Sample[] }
  | { kind: 'histogram'; name: string; help: string; read: () => readonly HistogramReading[] }

/** Counts events by the values of its labels. */
export class Counter {
  readonly #labelNames: readonly string[]
  readonly #samples = new Map<string, Sample>()

  constructor(...labelNames: string[]) {
    this.#labelNames = labelNames
  }

  /** @param values one for each label, in the constructor's order */
  count(...values: string[]): void {
    const sample = this.#samples.get(values.join('\n')) ?? this.#add(values)
    if (sample !== undefined) sample.value += 1
  }

  /** Exports a 0 before the first event: a rate over a counter cannot see an increase that comes with the series itself. */
  init(...values: string[]): void {
    this.#add(values)
  }

  readonly read = (): readonly Sample[] => [...this.#samples.values()]

  #add(values: readonly string[]): Sample | undefined {
    if (this.#samples.size === MAX_SERIES) return undefined
    const labels = Object.fromEntries(this.#labelNames.map((name, index) => [name, values[index] ?? '']))
    const sample = { labels, value: 0 }
    this.#samples.set(values.join('\n'), sample)
    return sample
  }
}

/** The number of durations that were at most each bound (`le`), their sum and their number; in seconds. */
type HistogramReading = {
  labels: Readonly<Record<string, string>>
  buckets: readonly { le: number; count: number }[]
  sum: number
  count: number
}

/** Counts durations by buckets. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #labels: Readonly<Record<string, string>>
  readonly #counts: number[]
  #sum = 0
  #count = 0

  /** @param bounds in seconds, ascending */
  constructor(bounds: readonly number[], labels: Readonly<Record<string, string>> = {}) {
    this.#bounds = bounds
    this.#labels = labels
    // One more, for durations above the last bound.
    this.#counts = [...bounds, Infinity].map(() => 0)
  }

  observe(seconds: number): void {
    let at = 0
    while (seconds > (this.#bounds[at] ?? Infinity)) at += 1
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#sum += seconds
    this.#count += 1
  }

  read(): HistogramReading {
    let below = 0
    const buckets = this.#bounds.map((le, at) => ({ le, count: (below += this.#counts[at] ?? 0) }))
    return { labels: this.#labels, buckets, sum: this.#sum, count: this.#count }
  }
}

/** All metrics in the text format of Prometheus, with those of the process. */
export async function createRegistry(
  metrics: readonly Metric[],
): Promise<{ contentType: string; write: () => Promise<string> }> {
  // Loaded by the first scrape, since loading takes a good part of the start.
  const { collectDefaultMetrics, Registry } = await import('@prometheus-io/client')
  const ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })
  return {
    contentType: ofProcess.contentType,
    write: async () => {
      // The numbers are counted here; the library only writes them.
      const counted = Registry.aggregate([metrics.map(readingOf)])
      return `${await ofProcess.metrics()}\n${await counted.metrics()}`
    },
  }
}

/** A metric in the format of the library's `getMetricsAsJSON`. */
function readingOf(metric: Metric): MetricObjectWithValues<MetricValueWithName<string>> {
  const { kind: type, name, help } = metric
  return { name, help, type, aggregator: 'first', collect: () => undefined, values: valuesOf(metric) }
}

function valuesOf(metric: Metric): MetricValueWithName<string>[] {
  if (metric.kind !== 'histogram') return [...metric.read()]
  return metric.read().flatMap((reading) => histogramValues(metric.name, reading))
}

function histogramValues(name: string, reading: HistogramReading): MetricValueWithName<string>[] {
  const { labels, buckets, sum, count } = reading
  return [
    ...buckets.map(({ le, count: value }) => ({ metricName: `${name}_bucket`, labels: { ...labels, le }, value })),
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
