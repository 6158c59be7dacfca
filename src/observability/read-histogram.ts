import { Gauge, type MetricObjectWithValues, type MetricValueWithName } from '@prometheus-io/client'
import type { SpreadReading } from './histogram.ts'

/**
 * A histogram whose numbers are kept elsewhere and read when somebody asks. The client's own can only be told of one duration after the other, and
 * makes an object for each; and it would have to be loaded before the first click.
 */
export class ReadHistogram extends Gauge<'le'> {
  readonly #name: string
  readonly #help: string
  readonly #read: () => SpreadReading

  constructor(name: string, help: string, read: () => SpreadReading) {
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
