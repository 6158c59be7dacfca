import { randomUUID } from 'node:crypto'

/** W3C trace context: which trace a piece of work belongs to, and as what of it. */
export type Trace = {
  traceId: string
  /** The span that is at it; the caller's, or none yet, as long as no span of ours is. */
  spanId?: string | undefined
  flags: string
  /** Others' `tracestate`, passed on as it came. */
  state?: string | undefined
}

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const ZEROS = /^0+$/
/** Sampled, and random id; those that mean nothing yet are not passed on. */
const KNOWN_FLAGS = 0b11

const MAX_STATE = 512
const MAX_STATE_MEMBERS = 32
const STATE_MEMBER = /^[a-z0-9][\w\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** Goes on with the caller's trace where its `traceparent` is well formed, else begins one, unsampled. */
export function readTrace(traceparent: string | undefined, tracestate?: string): Trace {
  if (traceparent === undefined) return newTrace()
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return newTrace()
  // Later versions may say more than this one, which ends here.
  if (ZEROS.test(traceId) || ZEROS.test(spanId) || (version === '00' && more !== undefined)) return newTrace()
  return { traceId, spanId, flags: flagsText(Number.parseInt(flags, 16)), state: readState(tracestate) }
}

/** A trace of its own, for what nobody's request is behind. */
export function newTrace(): Trace {
  return { traceId: randomHex(), flags: '00' }
}

/** 32 hexadecimal digits. */
function randomHex(): string {
  return randomUUID().replaceAll('-', '')
}

export function flagsText(flags: number): string {
  return `0${flags & KNOWN_FLAGS}`
}

/** The headers of one call on behalf of a trace. */
export function traceHeaders({ traceId, flags, state }: Trace, spanId = randomHex().slice(16)): Record<string, string> {
  const traceparent = `00-${traceId}-${spanId}-${flags}`
  return state === undefined ? { traceparent } : { traceparent, tracestate: state }
}

function readState(tracestate: string | undefined): string | undefined {
  if (tracestate === undefined || tracestate.length > MAX_STATE) return undefined
  const members = tracestate.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
  const isWellFormed = members.every((member) => member === '' || STATE_MEMBER.test(member))
  return isWellFormed && members.length <= MAX_STATE_MEMBERS && tracestate !== '' ? tracestate : undefined
}
