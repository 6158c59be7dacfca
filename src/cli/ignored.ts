import { toPointer } from '../base/pointed-faults.ts'
import type { JsonObject } from '../base/strict-json.ts'
import { nearestName } from './nearest.ts'

/** Names of a message's members, on both wires and at any depth. */
export const MESSAGE_NAMES = [
  ...['message', 'media_token', 'type', 'delivery', 'conversation_id', 'user_id', 'post_token', 'peer_id'],
  ...['sender_btn', 'receiver_btn', 'sender_buttons', 'receiver_buttons', 'rows', 'buttons', 'action', 'data'],
  ...['icon', 'icon_name', 'caption', 'extra_data', 'direct_link', 'open_direct_link', 'open_server_link'],
  ...['get_dynamic_action', 'open_post_page', 'open_post_manage_page'],
]

/** Pointers to members of a message that the gateway does not read. */
export function ignoredMembers(body: JsonObject): string[] {
  return Object.keys(body)
    .filter((name) => !MESSAGE_NAMES.includes(name))
    .map((name) => toPointer([name]))
}

/** One line about a member that the gateway does not read, with the name that was probably meant. */
export function explainIgnored(pointer: string, known: Iterable<string> = MESSAGE_NAMES): string {
  const name = pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
  const meant = nearestName(name, known)
  return meant === undefined ? `${pointer}: not read` : `${pointer}: not read; did you mean ${meant}?`
}
