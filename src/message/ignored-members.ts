import { isJsonObject, type JsonObject } from '../base/strict-json.ts'

/** A member of a send body that is not read: where it is, and the names that are read there. */
type IgnoredMember = { pointer: string; known: readonly string[] }

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

const chatBody: Known = {
  members: {
    ...whole('conversation_id', 'user_id', 'post_token', 'peer_id', 'type', 'message', 'media_token'),
    sender_btn: buttonV1,
    receiver_btn: buttonV1,
    sender_buttons: grid,
    receiver_buttons: grid,
    delivery: 'everything',
  },
}

const botBody: Known = {
  members: {
    bot: { members: whole('conversation_id', 'user_id') },
    // The path of the platform names one of them too.
    ...whole('conversation_id', 'user_id', 'type', 'text_message', 'message', 'media_token'),
    buttons: grid,
    delivery: 'everything',
  },
}

/** Members of a valid send body that the gateway does not read, at any depth; mostly misspelled ones. `count` also includes those that are not listed. */
export function findIgnoredMembers(
  body: unknown,
  isBot: boolean,
): { count: number; members: readonly IgnoredMember[] } {
  const found: IgnoredMember[] = []
  let count = 0
  const look = (value: unknown, known: Known, pointer: string): void => {
    if (known === 'everything') return
    if ('members' in known) {
      if (isJsonObject(value)) lookAtMembers(value, known.members, pointer)
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) look(item, known.each, `${pointer}/${index}`)
    }
  }
  const lookAtMembers = (object: JsonObject, known: Readonly<Record<string, Known>>, pointer: string): void => {
    for (const [name, value] of Object.entries(object)) {
      const below = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const knownBelow = Object.hasOwn(known, name) ? known[name] : undefined
      if (knownBelow !== undefined) {
        look(value, knownBelow, below)
        continue
      }
      count += 1
      if (found.length < MAX_LISTED && below.length <= MAX_POINTER) {
        found.push({ pointer: below, known: Object.keys(known) })
      }
    }
  }
  look(body, isBot ? botBody : chatBody, '')
  return { count, members: found }
}
