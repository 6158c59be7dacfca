import { isJsonObject, type JsonObject } from '../base/strict-json.ts'

/** A member of a send body that is not read: where it is, and the names that are read there. */
export type IgnoredMember = { pointer: string; known: readonly string[] }

/** How many members are not read, and the first of them. */
export type IgnoredMembers = { count: number; members: readonly IgnoredMember[] }

const MAX_LISTED = 50
const MAX_POINTER = 500

/** What is read below a member: everything (app data), these members, or the same for each list item. */
type Known = 'everything' | ReadonlyMap<string, Known> | { each: Known }

const members = (known: Record<string, Known>): Known => new Map(Object.entries(known))

/** Both `direct_link` and `extra_data` are known for any action: clients send both. */
const buttonV1 = members({
  action: 'everything',
  data: members({
    icon_name: 'everything',
    extra_data: 'everything',
    direct_link: 'everything',
    caption: 'everything',
  }),
})

const withData = members({ data: 'everything' })
const withPost = members({ post_token: 'everything' })
const buttonV2 = members({
  action: members({
    open_direct_link: 'everything',
    open_server_link: withData,
    get_dynamic_action: withData,
    open_post_page: withPost,
    open_post_manage_page: withPost,
  }),
  icon: 'everything',
  icon_name: 'everything',
  caption: 'everything',
})
const grid = members({ rows: { each: members({ buttons: { each: buttonV2 } }) } })

const sendBody = members({
  conversation_id: 'everything',
  user_id: 'everything',
  post_token: 'everything',
  peer_id: 'everything',
  type: 'everything',
  message: 'everything',
  media_token: 'everything',
  sender_btn: buttonV1,
  receiver_btn: buttonV1,
  sender_buttons: grid,
  receiver_buttons: grid,
  delivery: 'everything',
})

/** Members of a valid send body that the gateway does not read, at any depth; mostly misspelled ones. */
export function findIgnoredMembers(body: unknown): IgnoredMembers {
  const found: IgnoredMember[] = []
  let count = 0
  const look = (value: unknown, known: Known, pointer: string): void => {
    if (known === 'everything') return
    if ('each' in known) {
      if (Array.isArray(value))
        value.forEach((item, index) => {
          look(item, known.each, `${pointer}/${index}`)
        })
      return
    }
    if (isJsonObject(value)) lookAtMembers(value, known, pointer)
  }
  const lookAtMembers = (object: JsonObject, known: ReadonlyMap<string, Known>, pointer: string): void => {
    for (const [name, value] of Object.entries(object)) {
      const below = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      const knownBelow = known.get(name)
      if (knownBelow !== undefined) {
        look(value, knownBelow, below)
        continue
      }
      count += 1
      if (found.length < MAX_LISTED && below.length <= MAX_POINTER) {
        found.push({ pointer: below, known: [...known.keys()] })
      }
    }
  }
  look(body, sendBody, '')
  return { count, members: found }
}
