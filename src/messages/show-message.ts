import type { ShownMessage } from '../outbox/open-rows.ts'

/** A stored message as it is answered. */
export function showMessage(message: ShownMessage) {
  const { id, caller, wire, state, createdAt, finishedAt, nextAttemptAt, wiped, conversationId, attempts } = message
  const { notBefore, expiresAt } = message
  const shown = attempts.map(({ number, begunAt, endedAt, outcome, status, code, reason }) => ({
    number,
    at: showTime(begunAt),
    ended_at: showTime(endedAt),
    outcome,
    status,
    code,
    reason,
  }))
  const last = shown.findLast(({ outcome }) => outcome !== null)
  return {
    id,
    caller,
    state,
    wire,
    created_at: showTime(createdAt),
    finished_at: showTime(finishedAt),
    next_attempt_at: showTime(nextAttemptAt),
    ...(notBefore !== null && { not_before: showTime(notBefore) }),
    ...(expiresAt !== null && { expires_at: showTime(expiresAt) }),
    wiped,
    ...(conversationId !== undefined && { conversation_id: conversationId }),
    last_error: last === undefined || last.outcome === 'delivered' ? null : last,
    attempts: shown,
  }
}

/** RFC 3339. */
export function showTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
