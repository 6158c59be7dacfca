import { randomText } from '../base/id.ts'

/** W3C trace context. */
export type Trace = {
  traceId: string
  /** The current span: ours, else the caller's; undefined at the root of a trace. */
  spanId?: string | undefined
  flags: string
  /** The caller's `tracestate`, passed on unchanged. */
  state?: string | undefined
}

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const ZEROS = /^0+$/
/** Sampled, and random trace id. Undefined flags are not passed on. */
const KNOWN_FLAGS = 0b11

const MAX_STATE = 512
const MAX_STATE_MEMBERS = 32
const STATE_MEMBER = /^[a-z0-9][\w\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** Continues the caller's trace if its `traceparent` is well formed, else starts a new one, unsampled. */
export function readTrace(traceparent: string | undefined, tracestate?: string): Trace {
  if (traceparent === undefined) return newTrace()
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return newTrace()
  // Only later versions may have more fields.
  if (ZEROS.test(traceId) || ZEROS.test(spanId) || (version === '00' && more !== undefined)) return newTrace()
  return { traceId, spanId, flags: flagsText(Number.parseInt(flags, 16)), state: readState(tracestate) }
}

/** A new trace, for work without a traced request. */
export function newTrace(): Trace {
  return { traceId: randomText(16, 'hex'), flags: '00' }
}

export function flagsText(flags: number): string {
  return `0${flags & KNOWN_FLAGS}`
}

/** The headers of an outgoing call. */
export function traceHeaders({ traceId, flags, state }: Trace, spanId = randomText(8, 'hex')): Record<string, string> {
  const traceparent = `00-${traceId}-${spanId}-${flags}`
  return state === undefined ? { traceparent } : { traceparent, tracestate: state }
}

function readState(tracestate: string | undefined): string | undefined {
  if (tracestate === undefined || tracestate.length > MAX_STATE) return undefined
  const members = tracestate.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
  const isWellFormed = members.every((member) => member === '' || STATE_MEMBER.test(member))
  return isWellFormed && members.length <= MAX_STATE_MEMBERS && tracestate !== '' ? tracestate : undefined
}

export type SpanEnd = {
  /** Replaces the name that the span began with. */
  name?: string
  /** Leave the process: only routes, statuses, wires, outcomes and the gateway's own ids may be in here. */
  attributes: Readonly<Record<string, string | number | undefined>>
  failed: boolean
}

export type Span = {
  /** The trace for outgoing calls, with this span as their parent. */
  trace: Trace
  end: (how: SpanEnd) => void
}

export type Spans = {
  /** Begins a child of the trace's current span, or the root span. */
  begin: (kind: 'server' | 'client' | 'internal', name: string, trace: Trace) => Span
}

/** Ended spans, by result. */
export type SpanCounts = { exported: number; dropped: number; failed: number }
