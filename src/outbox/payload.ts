import * as z from 'zod'
import type { Keyring } from '../base/keyring.ts'
import { canonicalText, conversationText, writeSendBody, type Message, type Sender } from '../message/message.ts'
import { lineText } from '../event/event.ts'
import { wireOf, type Credential, type DeliverBy } from '../divar/deliver.ts'
import type { Outcome } from '../divar/outcome.ts'
import { parseStoredMessage, type Send } from '../message/parse-message.ts'
import type { Times } from '../message/times.ts'
import { EVENTS_CALLER, type Claimed, type Sealed, type SealedRow } from '../store/store.ts'
import { lineOfEventPayload } from './events.ts'
import type { DeliveryTarget } from './worker.ts'

/** The sealed payload of a message to Divar: its send body, and the token, the sender whose grant is used, or the app alone. */
const payloadSchema = z.union([
  z.object({ body: z.unknown(), token: z.string(), userId: z.string().optional() }),
  z.object({
    body: z.unknown(),
    sender: z.object({ userId: z.string().optional(), postToken: z.string().optional() }),
  }),
  z.object({ body: z.unknown(), by: z.literal('app') }),
])

type Payload = { message: Message; credential: Credential }

/** Binds the payload to its row; absent in rows of the previous version. */
const boundSchema = z.object({ caller: z.string().optional(), kind: z.literal('message').optional() })

/** A notice is sealed as it is sent, and contains its caller and its message. */
const noticeSchema = z.object({
  type: z.string().regex(/^message\.[a-z]+$/),
  data: z.object({ id: z.string(), caller: z.string() }),
})

/** The payload belongs to another caller, wire or conversation than its row says: the row was altered. */
class MismatchError extends Error {
  constructor(what: 'kind' | 'caller' | 'wire' | 'conversation') {
    super(`the ${what} of the row is not that of its sealed content`)
    this.name = 'MismatchError'
  }
}

type Kind = SealedRow['kind']

/** Additional authenticated data: sealed text cannot be moved to another row, or read as another kind. */
const sealedAs = (kind: Kind, id: string) => `message/${id}/${kind}`

/** Seals and opens what the outbox stores encrypted. */
export type Sealer = ReturnType<typeof createSealer>

export function createSealer(keyring: Keyring) {
  const conversationsOf = (text: string) => keyring.macs('conversation', text)
  const conversations = (message: Message) => conversationsOf(conversationText(message))
  const noticeConversations = (messageId: string) => conversationsOf(`webhook ${messageId}`)

  const eventConversations = (event: Parameters<typeof lineText>[0]) => conversationsOf(lineText(event))

  const boundOfMessage = (text: string) => {
    const bound = boundSchema.safeParse(JSON.parse(text)).data
    if (bound === undefined) return undefined
    const { message } = readPayload(text)
    return { caller: bound.caller, wire: wireOf(message.address), conversations: conversations(message) }
  }

  const boundOfNotice = (text: string) => {
    const notice = noticeSchema.safeParse(JSON.parse(text)).data?.data
    return notice && { caller: notice.caller, wire: 'webhook', conversations: noticeConversations(notice.id) }
  }

  const boundOfEvent = (id: string, text: string) => {
    const line = lineOfEventPayload(id, text)
    return line === undefined
      ? undefined
      : { caller: EVENTS_CALLER, wire: 'event', conversations: conversationsOf(line) }
  }

  const boundOf = (wire: Claimed['wire'], id: string, text: string) => {
    if (wire === 'webhook') return boundOfNotice(text)
    return wire === 'event' ? boundOfEvent(id, text) : boundOfMessage(text)
  }

  const namesOf = (id: string, text: string) =>
    boundOfEvent(id, text)?.conversations ?? conversations(readPayload(text).message)

  return {
    /** The names under today's keys of the conversation of a message or an event. @throws SealError */
    namesOfSealed: (id: string, sealed: Sealed) => namesOf(id, keyring.open(sealed, sealedAs('body', id))),
    /**
     * Opens the payload of a row before its delivery.
     * @throws SealError, or MismatchError when the row's destination is not the payload's
     */
    openFor: (row: Pick<Claimed, 'id' | 'caller' | 'wire' | 'conversation'>, sealed: Sealed): string => {
      const { id, caller, wire, conversation } = row
      const text = keyring.open(sealed, sealedAs('body', id))
      const bound = boundOf(wire, id, text)
      if (bound === undefined) throw new MismatchError('kind')
      if (bound.caller !== undefined && bound.caller !== caller) throw new MismatchError('caller')
      if (bound.wire !== wire) throw new MismatchError('wire')
      if (!bound.conversations.includes(conversation)) throw new MismatchError('conversation')
      return text
    },
    seal: (kind: Kind, id: string, text: string): Sealed => keyring.seal(text, sealedAs(kind, id)),
    /** @throws SealError when it was altered, or its key is not configured */
    open: (kind: Kind, id: string, sealed: Sealed): string => keyring.open(sealed, sealedAs(kind, id)),
    /** The conversation that Divar's answer names; undefined if it names none. */
    answer: (id: string, outcome: Outcome): Sealed | undefined =>
      outcome.kind === 'delivered' && outcome.conversationId !== undefined
        ? keyring.seal(outcome.conversationId, sealedAs('answer', id))
        : undefined,
    conversations,
    /** The notices of one message are a conversation, so that they are delivered in order. */
    noticeConversations,
    eventConversations,
    /** The names of an event's identity under every key, the newest first. */
    eventIdentities: (text: string) => keyring.macs('event', text),
    fingerprints: ({ message, sender, atLeastOnce, ...times }: Send) =>
      keyring.macs(
        'fingerprint',
        `${canonicalText(message)} ${atLeastOnce ? 'at-least-once' : ''}${senderText(sender)}${timesText(times)}`,
      ),
    primary: keyring.primary,
    keyIds: keyring.keyIds,
  }
}

/** Includes the caller and the kind, which are checked against the row when it is opened. */
export function writePayload({ message, credential, caller }: Payload & { caller: string }): string {
  return JSON.stringify({ body: writeSendBody(message), ...writeCredential(credential), caller, kind: 'message' })
}

function writeCredential(credential: Credential) {
  switch (credential.kind) {
    case 'token':
      return { token: credential.userToken, userId: credential.userId }
    case 'grant':
      return { sender: credential.sender }
    case 'app':
      return { by: 'app' }
  }
}

export function readPayload(text: string): Payload {
  const stored = payloadSchema.parse(JSON.parse(text))
  return { message: parseStoredMessage(stored.body), credential: readCredential(stored) }
}

function readCredential(stored: z.infer<typeof payloadSchema>): Credential {
  if ('token' in stored) return { kind: 'token', userToken: stored.token, userId: stored.userId }
  return 'sender' in stored ? { kind: 'grant', sender: stored.sender } : { kind: 'app' }
}

/** Delivers the opened payload of a message to Divar. */
export function payloadDelivery(deliver: DeliverBy): DeliveryTarget['deliver'] {
  return (_id, text, trace) => {
    const { message, credential } = readPayload(text)
    return deliver(message, credential, trace)
  }
}

/** Empty without times, as in versions that had none. Two notations of one moment are the same. */
function timesText({ notBefore, expiresAt }: Times): string {
  return notBefore === undefined && expiresAt === undefined
    ? ''
    : ` times ${JSON.stringify([notBefore ?? null, expiresAt ?? null])}`
}

/** Empty without a sender, as in versions that had none. */
function senderText({ userId, postToken }: Sender): string {
  return userId === undefined && postToken === undefined
    ? ''
    : ` ${JSON.stringify([userId ?? null, postToken ?? null])}`
}
