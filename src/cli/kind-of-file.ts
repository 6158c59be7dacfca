import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { nearestName } from '../base/nearest.ts'

export const KINDS = ['message', 'click-v1', 'click-v2', 'action', 'event'] as const
export type Kind = (typeof KINDS)[number]

const MESSAGE = [
  ...['message', 'media_token', 'sender_btn', 'receiver_btn', 'sender_buttons', 'receiver_buttons'],
  ...['bot', 'text_message', 'buttons'],
]
const CLICK = ['extra_data', 'callback_url', 'completion_url', 'return_url', 'post_token', 'user_id']

const CLICK_V2 = [...CLICK, 'source', 'conversation_id', 'user_side', 'provider_data']

/** The top-level members of each kind. A v2 click may have none of them. */
export const CLICK_NAMES = {
  'click-v1': [...CLICK, 'peer_id', 'supplier', 'Supplier', 'demand', 'conversation_id'],
  'click-v2': CLICK_V2,
  action: [...CLICK_V2, 'touchpoint'],
}

/** The top-level members of an event, besides its type. */
export const EVENT_NAMES = [
  ...['new_message', 'new_chatbot_message', 'user_access_revocation', 'post_update'],
  ...['transaction', 'payment_transaction', 'metadata', 'meta_data'],
]

/** Members by which a kind is recognized. */
const DISTINCTIVE: [Exclude<Kind, 'event'>, string[]][] = [
  ['action', ['touchpoint']],
  ['message', MESSAGE],
  ['click-v1', ['supplier', 'demand', 'callback_url', 'peer_id']],
  ['click-v2', ['source', 'user_side', 'completion_url', 'return_url', 'provider_data', 'extra_data']],
]

/** The kind of a body by its members, or else by misspelled ones; `undefined` when no member is known. */
export function kindOfBody(body: JsonObject): Kind | undefined {
  const names = Object.keys(body)
  const spelled = DISTINCTIVE.find(([, known]) =>
    names.some((name) => known.includes(name) || known.includes(name.toLowerCase())),
  )
  if (spelled !== undefined) return spelled[0]
  if (names.some((name) => EVENT_NAMES.includes(name))) return 'event'
  const misspelled = DISTINCTIVE.find(([, known]) => names.some((name) => nearestName(name, known) !== undefined))
  if (misspelled !== undefined) return misspelled[0]
  // Messages may have the type TEXT; any other type is an event's.
  if (typeof body['type'] === 'string' && body['type'] !== 'TEXT') return 'event'
  return names.some((name) => CLICK_NAMES['click-v2'].includes(name)) ? 'click-v2' : undefined
}

/** The body of a file, and its kind if the simulator saved it. */
export function unwrapSaved(value: JsonObject): { body: JsonObject; kind?: Kind } {
  const { kind, wire, body } = value
  if (!isJsonObject(body)) return { body: value }
  if (kind === 'delivery') return { body, kind: 'message' }
  if (kind === 'bot') return { body, kind: 'message' }
  if (kind === 'action' || kind === 'event') return { body, kind }
  if (kind !== 'click') return { body: value }
  return wire === 'v1' || wire === 'v2' ? { body, kind: `click-${wire}` } : { body }
}

/** Whether a body is an event's: it has a type or a member of an event, and no member of a click, a dynamic action or a message. */
export function isEvent(body: JsonObject): boolean {
  const others = DISTINCTIVE.flatMap(([, names]) => names)
  const names = Object.keys(body)
  const isLikeEvent = typeof body['type'] === 'string' || names.some((name) => EVENT_NAMES.includes(name))
  return isLikeEvent && !names.some((name) => others.includes(name))
}

/** Whether a body is a dynamic action's: only these have a touchpoint. */
export function isAction(body: JsonObject): boolean {
  return Object.hasOwn(body, 'touchpoint')
}
