import type { Metric, Sample } from '../observability/metrics.ts'

export function counter(name: string, help: string, read: () => readonly Sample[]): Metric {
  return { kind: 'counter', name, help, read }
}

/** A gauge without labels; absent while the value is undefined. */
export function gauge(name: string, help: string, value: () => number | undefined): Metric {
  const read = () => [value()].filter((known) => known !== undefined).map((known) => ({ labels: {}, value: known }))
  return { kind: 'gauge', name, help, read }
}

/** A gauge with one sample for each value of a label. */
export function gaugeBy(label: string, name: string, help: string, values: () => Iterable<[string, number]>): Metric {
  return { kind: 'gauge', name, help, read: () => samplesBy(label, values()) }
}

export function samplesBy(label: string, values: Iterable<[string, number]>): Sample[] {
  return Array.from(values, ([of, value]) => ({ labels: { [label]: of }, value }))
}
