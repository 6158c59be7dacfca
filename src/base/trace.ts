import { randomText } from './random.ts'

/** W3C trace context, version 00: which trace a request belongs to. */
export type Trace = { traceId: string; flags: string }

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Goes on with the caller's trace where its `traceparent` is well formed, else begins one, unsampled. */
export function readTrace(traceparent: string | undefined): Trace {
  const [, traceId, parentId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? []
  if (traceId === undefined || flags === undefined || /^0+$/.test(traceId) || /^0+$/.test(parentId ?? '')) {
    return { traceId: randomText(16, 'hex'), flags: '00' }
  }
  return { traceId, flags }
}

/** The `traceparent` of one call made on behalf of a trace: a span id of its own. */
export function childTraceparent(trace: Trace): string {
  return `00-${trace.traceId}-${randomText(8, 'hex')}-${trace.flags}`
}
