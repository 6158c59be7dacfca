import { Fault } from '../base/fault.ts'
import { newId } from '../base/id.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { knownType, type DivarEvent } from './event.ts'
import { Members, readId, readNumber, readObject, readText, readTime, readWord } from './members.ts'

/**
 * Parses what Divar reports into one event. Only the type is needed: a part that cannot be read is kept in `extra`, and never fails the event.
 * @throws Fault `invalid_event` without an object or a type
 */
export function parseEvent(body: unknown): DivarEvent {
  if (!isJsonObject(body)) throw new Fault('invalid_event', 'body: expected a JSON object')
  const members = new Members(body)
  const type = members.take(['type'], readType)
  if (type === undefined) throw new Fault('invalid_event', '/type: expected the type of the event as a text')
  const extra: JsonObject = {}
  const parts = { ...readMessage(members, type, extra), ...readOthers(members, extra) }
  // What is left of an object is under its name already.
  const event: DivarEvent = { id: newId('dve'), type, received_at: new Date().toISOString(), extra, ...parts }
  return { ...event, extra: { ...members.left(), ...extra } }
}

/** A documented type in its own spelling, another one as it came. */
function readType(value: unknown): string | undefined {
  const word = readWord(value)
  if (word === undefined) return undefined
  return knownType(word) === 'other' ? readText(value) : word
}

const MESSAGE_NAMES = ['new_message', 'new_chatbot_message']

/** The member that belongs to the type comes first. */
function readMessage(members: Members, type: string, extra: JsonObject): Partial<DivarEvent> {
  const names = type === 'NEW_CHATBOT_MESSAGE' ? MESSAGE_NAMES.toReversed() : MESSAGE_NAMES
  for (const name of names) {
    const object = members.take([name], readObject)
    if (object === undefined) continue
    const { left, ...read } = splitMessage(object)
    keep(extra, name, left)
    return read
  }
  return {}
}

const MEDIA = ['image_data', 'file_data', 'voice_data', 'video_data', 'location_data', 'contact_data']

function splitMessage(object: JsonObject): Pick<DivarEvent, 'conversation' | 'sender' | 'message'> & {
  left: JsonObject
} {
  const members = new Members(object)
  const nested: JsonObject = {}
  const conversation = readConversation(members, nested)
  const sender = readSender(members, nested)
  const message = unlessEmpty({
    id: members.take(['id'], readId),
    type: members.take(['type'], readWord),
    sent_at: members.take(['sent_at'], readTime),
    text: members.take(['text'], readText),
    ...Object.fromEntries(MEDIA.map((name) => [name, members.take([name], readMedia)])),
  })
  return {
    ...(conversation && { conversation }),
    ...(sender && { sender }),
    ...(message && { message }),
    left: { ...members.left(), ...nested },
  }
}

function readConversation(members: Members, extra: JsonObject): DivarEvent['conversation'] {
  const object = members.take(['conversation'], (value) => {
    const id = readId(value)
    return id === undefined ? readObject(value) : { id }
  })
  const inner = new Members(object ?? {})
  const conversation = unlessEmpty({
    id: inner.take(['id'], readId) ?? members.take(['conversation_id'], readId),
    type: inner.take(['type'], readWord),
    post_token: inner.take(['post_token'], readId),
  })
  keep(extra, 'conversation', inner.left())
  return conversation
}

/** `USER` is an older word of Divar's for `HUMAN`; it is kept in `extra`. */
function readSender(members: Members, extra: JsonObject): DivarEvent['sender'] {
  const inner = new Members(members.take(['sender'], readObject) ?? {})
  const type = inner.take(['type'], readWord)
  const sender = unlessEmpty({ side: inner.take(['side'], readWord), type: type === 'USER' ? 'HUMAN' : type })
  keep(extra, 'sender', { ...inner.left(), ...(type === 'USER' && { type }) })
  return sender
}

const NUMBERS = new Set(['size_bytes', 'width_px', 'height_px', 'latitude', 'longitude'])

/** Media as they came, except that numbers are numbers. */
function readMedia(value: unknown): JsonObject | undefined {
  if (!isJsonObject(value)) return undefined
  const read = ([name, member]: [string, unknown]) => [name, NUMBERS.has(name) ? readNumber(member) : member] as const
  return Object.fromEntries(Object.entries(value).map(read))
}

function readOthers(members: Members, extra: JsonObject): Partial<DivarEvent> {
  const post_update = readPostUpdate(members, extra)
  const user_id = readUserId(members, extra)
  const transaction = members.take(['transaction', 'payment_transaction'], readObject)
  const metadata = members.take<unknown>(['metadata', 'meta_data'], (value) => value)
  return {
    ...(post_update && { post_update }),
    ...(user_id !== undefined && { user_id }),
    ...(transaction && { transaction }),
    ...(metadata !== undefined && { metadata }),
  }
}

/** Some types of updates have only the post's token. */
function readPostUpdate(members: Members, extra: JsonObject): DivarEvent['post_update'] {
  const inner = new Members(members.take(['post_update'], readObject) ?? {})
  const read = unlessEmpty({
    type: inner.take(['type'], readWord),
    post: inner.take(['post'], (value) => {
      const token = readText(value)
      return token === undefined ? readObject(value) : { token }
    }),
  })
  keep(extra, 'post_update', inner.left())
  return read
}

function readUserId(members: Members, extra: JsonObject): string | undefined {
  const inner = new Members(members.take(['user_access_revocation'], readObject) ?? {})
  const userId = inner.take(['user_id'], readId) ?? members.take(['user_id'], readId)
  keep(extra, 'user_access_revocation', inner.left())
  return userId
}

/** Keeps what was left of an object, under its name. */
function keep(extra: JsonObject, name: string, left: JsonObject): void {
  if (Object.keys(left).length > 0) extra[name] = left
}

/** Undefined when no member is present. */
function unlessEmpty<Part extends JsonObject>(part: Part): Part | undefined {
  return Object.values(part).some((value) => value !== undefined) ? part : undefined
}
