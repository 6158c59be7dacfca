import type { Trace } from './trace.ts'

/** Only routes, statuses, wires, outcomes and ids of ours: what is written here leaves for whoever runs the collector. */
export type SpanAttributes = Readonly<Record<string, string | number | undefined>>

export type SpanEnd = {
  /** In place of the name that it began with. */
  name?: string
  attributes: SpanAttributes
  failed: boolean
}

/** What took how long, on behalf of which trace. */
export type Span = {
  /** As it is to be handed on: this span is the one that calls. */
  trace: Trace
  end: (how: SpanEnd) => void
}

/** Where spans go; there is none unless they are asked for. */
export type Spans = {
  /** Begins a span below the one that the trace names, or the first of its trace. */
  begin: (kind: 'server' | 'client' | 'internal', name: string, trace: Trace) => Span
}

/** What became of spans that ended. */
export type SpanFigures = { ended: { exported: number; dropped: number; failed: number } }
