import * as z from 'zod'
import type { Keyring } from '../base/keyring.ts'
import { canonicalText, conversationText, writeSendBody } from '../message/canonical.ts'
import { type Credential, wireOf } from '../divar/deliver.ts'
import type { Message, Sender } from '../message/message.ts'
import { parseStoredMessage, type Send } from '../message/parse-message.ts'
import type { Claimed, Sealed } from '../store/store.ts'

const senderSchema = z.object({ userId: z.string().optional(), postToken: z.string().optional() })

/** What lies sealed in the store of a message to Divar: its send body, and by which token, or whose grant, it goes. */
const payloadSchema = z.union([
  z.object({ body: z.unknown(), token: z.string() }),
  z.object({ body: z.unknown(), sender: senderSchema }),
])

export type Payload = { message: Message; credential: Credential }

/** What decides where a row goes; absent where the version before sealed it. */
const boundSchema = z.object({
  caller: z.string().optional(),
  kind: z.literal('message').optional(),
})

/** A notice is sealed as it is sent, and names its caller and its message. */
const noticeSchema = z.object({
  type: z.string().regex(/^message\.[a-z]+$/),
  data: z.object({ id: z.string(), caller: z.string() }),
})

/** What of a row decides where its content goes. */
export type Destination = Pick<Claimed, 'id' | 'caller' | 'wire' | 'conversation'>

/** The content of a row says that it belongs to another caller, wire or conversation: the row was altered. */
export class MismatchError extends Error {
  constructor(what: 'kind' | 'caller' | 'wire' | 'conversation') {
    super(`the ${what} of the row is not that of its sealed content`)
    this.name = 'MismatchError'
  }
}

/** What lies in the store under each kind of row cannot be moved to another row, or read as another kind. */
const rows = {
  body: (id: string) => `message/${id}/body`,
  reply: (id: string) => `message/${id}/reply`,
}

/** Reads and writes what the store keeps sealed. */
export type Sealer = ReturnType<typeof createSealer>

export function createSealer(keyring: Keyring) {
  const conversations = (message: Message) => keyring.macs('conversation', conversationText(message))
  const noticeConversations = (messageId: string) => keyring.macs('conversation', `webhook ${messageId}`)
  return {
    /**
     * Opens the body of a row that is about to be delivered.
     * @throws SealError, or MismatchError when the row would go elsewhere than its content was sealed for
     */
    openFor: ({ id, caller, wire, conversation }: Destination, sealed: Sealed): string => {
      const text = keyring.open(sealed, rows.body(id))
      const bound = wire === 'webhook' ? boundOfNotice(text) : boundOfMessage(text)
      if (bound.caller !== undefined && bound.caller !== caller) throw new MismatchError('caller')
      if (bound.wire !== wire) throw new MismatchError('wire')
      const names = bound.wire === 'webhook' ? noticeConversations(bound.messageId) : conversations(bound.message)
      if (!names.includes(conversation)) throw new MismatchError('conversation')
      return text
    },
    seal: (kind: keyof typeof rows, id: string, text: string): Sealed => keyring.seal(text, rows[kind](id)),
    /** @throws SealError when it was altered, or its key is not known any more */
    open: (kind: keyof typeof rows, id: string, sealed: Sealed): string => keyring.open(sealed, rows[kind](id)),
    conversations,
    /** The notices of one message form a conversation of their own. */
    noticeConversations,
    fingerprints: ({ message, sender, atLeastOnce }: Send) =>
      keyring.macs(
        'fingerprint',
        `${canonicalText(message)} ${atLeastOnce ? 'at-least-once' : ''}${senderText(sender)}`,
      ),
    primary: keyring.primary,
    keyIds: keyring.keyIds,
  }
}

type Bound =
  | { wire: 'v1' | 'v2'; caller: string | undefined; message: Message }
  | { wire: 'webhook'; caller: string; messageId: string }

function boundOfMessage(text: string): Bound {
  const bound = boundSchema.safeParse(JSON.parse(text)).data
  if (bound === undefined) throw new MismatchError('kind')
  const { message } = readPayload(text)
  return { wire: wireOf(message.address), caller: bound.caller, message }
}

function boundOfNotice(text: string): Bound {
  const notice = noticeSchema.safeParse(JSON.parse(text)).data
  if (notice === undefined) throw new MismatchError('kind')
  return { wire: 'webhook', caller: notice.data.caller, messageId: notice.data.id }
}

/** With its caller and its kind, so that the row can be held to them when it is opened. */
export function writePayload({ message, credential, caller }: Payload & { caller: string }): string {
  const by = credential.kind === 'token' ? { token: credential.userToken } : { sender: credential.sender }
  return JSON.stringify({ body: writeSendBody(message), ...by, caller, kind: 'message' })
}

export function readPayload(text: string): Payload {
  const owed = payloadSchema.parse(JSON.parse(text))
  const credential: Credential =
    'token' in owed ? { kind: 'token', userToken: owed.token } : { kind: 'grant', sender: owed.sender }
  return { message: parseStoredMessage(owed.body), credential }
}

/** Nothing where nobody is named, as it was before senders could be. */
function senderText({ userId, postToken }: Sender): string {
  return userId === undefined && postToken === undefined
    ? ''
    : ` ${JSON.stringify([userId ?? null, postToken ?? null])}`
}
