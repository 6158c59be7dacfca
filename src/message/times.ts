import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { compiledAtFirstUse, summarize } from '../base/fields.ts'
import type { BodyReader } from './schemas.ts'

const MAX_AHEAD_DAYS = 30
const MAX_AHEAD_MS = MAX_AHEAD_DAYS * 24 * 60 * 60 * 1000

const timeError = 'expected a time of RFC 3339 with its offset, such as 2026-12-01T08:00:00+03:30, or nothing'
/** A time as milliseconds since 1970. */
export const time = compiledAtFirstUse(
  z.iso
    .datetime({ offset: true, error: timeError })
    .nullish()
    .transform((text) => (typeof text === 'string' ? Date.parse(text) : undefined)),
)

/** When a queued message may be sent; milliseconds since 1970. It is not sent before `notBefore`, and ends at `expiresAt`. */
export type Times = { notBefore?: number | undefined; expiresAt?: number | undefined }

/** Reads `not_before` and `expires_at`, which are the gateway's own and never forwarded. */
export function readTimes(reader: BodyReader, nowMs = Date.now()): Times {
  const notBefore = reader.check('not_before', time)
  const expiresAt = reader.check('expires_at', time)
  if (notBefore !== undefined && notBefore > nowMs + MAX_AHEAD_MS) {
    reader.refuse('/not_before', `expected a time at most ${MAX_AHEAD_DAYS} days ahead`)
  }
  if (expiresAt !== undefined && expiresAt <= Math.max(nowMs, notBefore ?? 0)) {
    reader.refuse('/expires_at', 'expected a time after now and after not_before')
  }
  return { notBefore, expiresAt }
}

/** @throws Fault `invalid_message` when a message that is not queued has a time */
export function requireNoTimes({ notBefore, expiresAt }: Times): void {
  const given = [...(notBefore === undefined ? [] : ['not_before']), ...(expiresAt === undefined ? [] : ['expires_at'])]
  if (given.length === 0) return
  const detail = 'expected none without Prefer: respond-async: only a queued message has a time'
  const errors = given.map((member) => ({ pointer: `/${member}`, detail }))
  throw new Fault('invalid_message', summarize(errors), { errors })
}
