import * as z from 'zod'
import { Fault, type FieldError } from '../base/fault.ts'
import { controlError, fieldErrors, NO_CONTROL, requiredId, requiredText, summarize } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { buttonV1, gridV2, storedGridV2, visibleText } from './buttons.ts'
import { fitsV1, type Address, type ButtonGrid, type Content, type Message, type Sender } from './message.ts'

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
 * @throws Fault `invalid_message` with every fault of the body
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
  if (address === undefined || content === undefined || reading.faults.length > 0) {
    throw new Fault('invalid_message', summarize(reading.faults), { errors: reading.faults })
  }
  return { message: { address, content, senderButtons, receiverButtons }, sender, atLeastOnce }
}

/** Becomes a path segment, so `.` and `..` are refused. */
const conversationId = requiredId(128).refine((id) => id !== '.' && id !== '..', 'expected a conversation id')
const mediaTokenError = 'expected a string of at most 1024 characters, null or nothing'
const storedMediaToken = z.string(mediaTokenError).max(1024, mediaTokenError)
const mediaToken = storedMediaToken.regex(NO_CONTROL, controlError)
const tripleHint = ', or conversation_id in place of user_id, post_token and peer_id'

export const sendSchemas = {
  type: z.compile(z.literal('TEXT', 'expected TEXT, or nothing').nullish()),
  delivery: z.compile(z.literal('at-least-once', 'expected at-least-once, or nothing').nullish()),
  conversationId: z.compile(conversationId),
  senderUserId: z.compile(requiredId(128).nullish()),
  senderPostToken: z.compile(requiredId(64).nullish()),
  userId: z.compile(requiredId(128, tripleHint)),
  postToken: z.compile(requiredId(64, tripleHint)),
  peerId: z.compile(requiredId(128, tripleHint)),
  mediaToken: z.compile(mediaToken.nullish()),
  text: z.compile(visibleText),
  grid: z.compile(gridV2),
  button: z.compile(buttonV1),
}

/** Accepts what earlier versions accepted. */
const storedSchemas: typeof sendSchemas = {
  ...sendSchemas,
  userId: z.compile(requiredText(128)),
  postToken: z.compile(requiredText(64)),
  peerId: z.compile(requiredText(128)),
  mediaToken: z.compile(storedMediaToken.nullish()),
  grid: z.compile(storedGridV2),
}

/** Reads one body; each method reads one part and collects its faults, so that all are reported at once. */
class Reading {
  readonly faults: FieldError[] = []
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
    this.faults.push({ pointer, detail })
  }
}
