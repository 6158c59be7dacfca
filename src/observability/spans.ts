import type { Trace } from './trace.ts'

/** Leaves the process: only routes, statuses, wires, outcomes and the gateway's own ids may be in here. */
export type SpanAttributes = Readonly<Record<string, string | number | undefined>>

export type SpanEnd = {
  /** Replaces the name that the span began with. */
  name?: string
  attributes: SpanAttributes
  failed: boolean
}

export type Span = {
  /** For outgoing calls: this span is their parent. */
  trace: Trace
  end: (how: SpanEnd) => void
}

export type Spans = {
  /** Begins a child of the trace's current span, or the root span. */
  begin: (kind: 'server' | 'client' | 'internal', name: string, trace: Trace) => Span
}

/** Ended spans, by what became of them. */
export type SpanCounts = { exported: number; dropped: number; failed: number }
