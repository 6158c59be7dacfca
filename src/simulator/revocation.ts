import type { Conversation } from './conversation.ts'
import { eventBody } from './event-bodies.ts'
import type { EventSender } from './events.ts'
import type { Grants } from './grants.ts'
import { readScope } from './scopes.ts'
import type { RevokeResult, Side } from './shown.ts'

/** The platform sends the event only about users who had granted both. */
const NEEDED = ['NOTIFICATION_ACCESS_REVOCATION', 'USER_ID']

/** A user revokes the app's access: all tokens end, and the app gets an event if it was granted that scope. */
export function revokeAccess(
  { conversation, grants, events }: { conversation: Conversation; grants: Grants; events: EventSender },
  side: Side,
): RevokeResult {
  const scopes = grants.revoke(side)
  if (scopes === undefined) return { revoked: false, told: false }
  const names = new Set(scopes.map((raw) => readScope(raw)?.name))
  const missing = NEEDED.filter((name) => !names.has(name))
  const told = missing.length === 0
  const notes = ['The user revoked the access of the app.']
  if (!told) notes.push(`Divar sends no event about it: the user had not granted ${missing.join(' and ')}.`)
  conversation.note({ kind: 'consent', side, outcome: 'ok', notes })
  const body = eventBody(conversation.world, { type: 'USER_ACCESS_REVOCATION', side })
  if (told) void events.send({ side, body })
  return { revoked: true, told }
}
