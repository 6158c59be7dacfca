import type * as z from 'zod'
import { Fault, type FieldError } from '../base/fault.ts'
import { fieldErrors, summarize } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { fitsV1, type Address, type ButtonGrid, type Content, type Message, type Sender } from './message.ts'
import { sendSchemas, storedSchemas } from './schemas.ts'

/** A parsed send request. */
export type Send = {
  message: Message
  sender: Sender
  /** At-least-once delivery: attempts whose outcome is unknown are retried too. */
  atLeastOnce: boolean
}

/**
 * Parses a send body of either wire into one Message, checked to fit the wire of its address. Unknown members are
 * dropped, `null` means absent.
 * @param pathConversationId the conversation that the request's path names
 * @throws Fault `invalid_message` with every error of the body
 */
export function parseSend(body: unknown, pathConversationId?: string): Send {
  return readSend(body, sendSchemas, pathConversationId)
}

/**
 * Parses a stored body. Earlier versions accepted control characters in ids and tokens, so this does too.
 * @throws Fault `invalid_message`
 */
export function parseStoredMessage(body: unknown): Message {
  return readSend(body, storedSchemas).message
}

function readSend(body: unknown, schemas: typeof sendSchemas, pathConversationId?: string): Send {
  if (!isJsonObject(body)) throw new Fault('invalid_message', 'body: expected a JSON object')
  const reading = new Reading(body, schemas)
  reading.check('type', schemas.type)
  const atLeastOnce = reading.check('delivery', schemas.delivery) === 'at-least-once'
  const address = reading.address(pathConversationId)
  // With a conversation these select the grant and are not sent on; a v1 address names the user itself.
  const sender = address?.kind === 'conversation' ? reading.sender() : {}
  const content = reading.content()
  const senderButtons = reading.buttons('sender')
  const receiverButtons = reading.buttons('receiver')
  if (address?.kind === 'triple') reading.requireV1(content, { sender: senderButtons, receiver: receiverButtons })
  if (address === undefined || content === undefined || reading.errors.length > 0) {
    throw new Fault('invalid_message', summarize(reading.errors), { errors: reading.errors })
  }
  return { message: { address, content, senderButtons, receiverButtons }, sender, atLeastOnce }
}

/** Reads one body; each method reads one part and collects its errors, so that all are reported at once. */
class Reading {
  readonly errors: FieldError[] = []
  readonly #body: JsonObject
  readonly #schemas: typeof sendSchemas

  constructor(body: JsonObject, schemas: typeof sendSchemas) {
    this.#body = body
    this.#schemas = schemas
  }

  address(pathConversationId: string | undefined): Address | undefined {
    const inBody = this.#given('conversation_id')
    if (inBody === undefined && pathConversationId === undefined) return this.#triple()
    if (this.#given('peer_id') !== undefined) {
      this.#add('/peer_id', 'expected either conversation_id or user_id, post_token and peer_id, not both')
    }
    if (inBody !== undefined && pathConversationId !== undefined && inBody !== pathConversationId) {
      this.#add('/conversation_id', 'expected the conversation that the path names, or none')
    }
    const id = this.#parse(this.#schemas.conversationId, inBody ?? pathConversationId, 'conversation_id')
    return id === undefined ? undefined : { kind: 'conversation', conversationId: id }
  }

  sender(): Sender {
    const userId = this.check('user_id', this.#schemas.senderUserId) ?? undefined
    const postToken = this.check('post_token', this.#schemas.senderPostToken) ?? undefined
    return { userId, postToken }
  }

  content(): Content | undefined {
    const token = this.check('media_token', this.#schemas.mediaToken)
    if (!token) {
      const text = this.check('message', this.#schemas.text)
      return text === undefined ? undefined : { kind: 'text', text }
    }
    const text = this.#given('message')
    if (text !== undefined && text !== '') this.#add('/message', 'expected text or media_token, not both')
    return { kind: 'media', mediaToken: token }
  }

  buttons(side: 'sender' | 'receiver'): ButtonGrid | undefined {
    const single = this.#given(`${side}_btn`)
    const grid = this.#given(`${side}_buttons`)
    if (single !== undefined && grid !== undefined) {
      this.#add(`/${side}_btn`, `expected ${side}_btn or ${side}_buttons, not both`)
    }
    if (grid !== undefined) return this.check(`${side}_buttons`, this.#schemas.grid)
    if (single === undefined) return undefined
    const button = this.check(`${side}_btn`, this.#schemas.button)
    return button && [[button]]
  }

  /** Refuses what v1 cannot express. */
  requireV1(content: Content | undefined, sides: Record<string, ButtonGrid | undefined>): void {
    if (content?.kind === 'media') {
      this.#add('/media_token', 'expected none: v1 carries texts only; use conversation_id')
    }
    for (const [side, grid] of Object.entries(sides)) {
      if (grid === undefined || fitsV1(grid)) continue
      this.#add(
        `/${side}_buttons`,
        'expected one button with open_server_link or open_direct_link: v1 carries no other; use conversation_id',
      )
    }
  }

  check<Output>(member: string, schema: z.ZodType<Output>): Output | undefined {
    return this.#parse(schema, this.#given(member), member)
  }

  #triple(): Address | undefined {
    const userId = this.check('user_id', this.#schemas.userId)
    const postToken = this.check('post_token', this.#schemas.postToken)
    const peerId = this.check('peer_id', this.#schemas.peerId)
    if (userId === undefined || postToken === undefined || peerId === undefined) return undefined
    return { kind: 'triple', userId, postToken, peerId }
  }

  /** A member; `null` counts as absent. */
  #given(member: string): unknown {
    return Object.hasOwn(this.#body, member) ? (this.#body[member] ?? undefined) : undefined
  }

  #parse<Output>(schema: z.ZodType<Output>, value: unknown, member: string): Output | undefined {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const { pointer, detail } of fieldErrors(parsed.error)) this.#add(`/${member}${pointer}`, detail)
    return undefined
  }

  #add(pointer: string, detail: string): void {
    this.errors.push({ pointer, detail })
  }
}

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

const sendBody: Known = {
  members: {
    ...whole('conversation_id', 'user_id', 'post_token', 'peer_id', 'type', 'message', 'media_token'),
    sender_btn: buttonV1,
    receiver_btn: buttonV1,
    sender_buttons: grid,
    receiver_buttons: grid,
    delivery: 'everything',
  },
}

/** Members of a valid send body that the gateway does not read, at any depth; mostly misspelled ones. `count` also includes those that are not listed. */
export function findIgnoredMembers(body: unknown): { count: number; members: readonly IgnoredMember[] } {
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
  look(body, sendBody, '')
  return { count, members: found }
}
