import { toPointer } from '../base/fields.ts'
import { nearestName } from '../base/nearest.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'

/** A member of a send body that is not read: where it is, and the names that are read there. */
export type IgnoredMember = { pointer: string; known: readonly string[] }

/** The known name that a member was probably meant to have; undefined if none is near, or its own is a name of the API, such as `peer_id`. */
export function meantName({ pointer, known }: { pointer: string; known: Iterable<string> }): string | undefined {
  const name = pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
  return [chatBody, botBody].some(({ members }) => Object.hasOwn(members, name)) ? undefined : nearestName(name, known)
}

const MAX_LISTED = 50
const MAX_POINTER = 500

/** What is read below a member: everything (app data), each item of a list, or these members. */
type Known = 'everything' | { each: Known } | { members: Readonly<Record<string, Known>> }

/** Members that are read whole. */
function whole(...names: string[]): Record<string, Known> {
  return Object.fromEntries(names.map((name) => [name, 'everything']))
}

/** Both `direct_link` and `extra_data` are known for any action: clients send both. */
const buttonV1: Known = {
  members: { ...whole('action'), data: { members: whole('icon_name', 'extra_data', 'direct_link', 'caption') } },
}

const withData: Known = { members: whole('data') }
const withPost: Known = { members: whole('post_token') }
const actionV2: Known = {
  members: {
    ...whole('open_direct_link'),
    open_server_link: withData,
    get_dynamic_action: withData,
    open_post_page: withPost,
    open_post_manage_page: withPost,
  },
}
const buttonV2: Known = { members: { action: actionV2, ...whole('icon', 'icon_name', 'caption') } }
const grid: Known = { members: { rows: { each: { members: { buttons: { each: buttonV2 } } } } } }

const chatBody = {
  members: {
    ...whole('conversation_id', 'user_id', 'post_token', 'peer_id', 'type', 'message', 'media_token'),
    sender_btn: buttonV1,
    receiver_btn: buttonV1,
    sender_buttons: grid,
    receiver_buttons: grid,
    ...whole('delivery', 'not_before', 'expires_at'),
  },
} as const satisfies Known

const botBody = {
  members: {
    bot: { members: whole('conversation_id', 'user_id') },
    // The path of the platform names one of them too.
    ...whole('conversation_id', 'user_id', 'type', 'text_message', 'message', 'media_token'),
    buttons: grid,
    ...whole('delivery', 'not_before', 'expires_at'),
  },
} as const satisfies Known

/** Members of a valid send body that the gateway does not read, at any depth; mostly misspelled ones. `count` also includes those that are not listed. */
export function findIgnoredMembers(
  body: unknown,
  isBot: boolean,
): { count: number; members: readonly IgnoredMember[] } {
  const found: IgnoredMember[] = []
  let count = 0
  /** Where `look` is in the body. */
  const path: (string | number)[] = []
  const look = (value: unknown, known: Known): void => {
    if (known === 'everything') return
    if ('members' in known) {
      if (isJsonObject(value)) lookAtMembers(value, known.members)
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) lookBelow(index, item, known.each)
    }
  }
  const lookBelow = (step: string | number, value: unknown, known: Known): void => {
    path.push(step)
    look(value, known)
    path.pop()
  }
  const lookAtMembers = (object: JsonObject, known: Readonly<Record<string, Known>>): void => {
    for (const [name, value] of Object.entries(object)) {
      const knownBelow = Object.hasOwn(known, name) ? known[name] : undefined
      if (knownBelow !== undefined) {
        lookBelow(name, value, knownBelow)
        continue
      }
      count += 1
      const pointer = found.length < MAX_LISTED ? toPointer([...path, name]) : undefined
      if (pointer !== undefined && pointer.length <= MAX_POINTER) found.push({ pointer, known: Object.keys(known) })
    }
  }
  look(body, isBot ? botBody : chatBody)
  return { count, members: found }
}
