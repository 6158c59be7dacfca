import * as z from 'zod'
import type { Keyring } from '../base/keyring.ts'
import { canonicalText, conversationText, writeSendBody } from '../message/canonical.ts'
import type { Credential } from '../delivery/credential.ts'
import type { Message, Sender } from '../message/message.ts'
import { parseSend, type Send } from '../message/parse-message.ts'
import type { Sealed } from '../store/store.ts'

const senderSchema = z.object({ userId: z.string().optional(), postToken: z.string().optional() })

/** What lies sealed in the store of a message to Divar: its send body, and by which token, or whose grant, it goes. */
const owedSchema = z.union([
  z.object({ body: z.unknown(), token: z.string() }),
  z.object({ body: z.unknown(), sender: senderSchema }),
])

export type Owed = { message: Message; credential: Credential }

/** What lies in the store under each kind of row cannot be moved to another row, or read as another kind. */
const rows = {
  body: (id: string) => `message/${id}/body`,
  reply: (id: string) => `message/${id}/reply`,
}

/** Reads and writes what the store keeps sealed. */
export type Envelopes = ReturnType<typeof createEnvelopes>

export function createEnvelopes(keyring: Keyring) {
  return {
    seal: (kind: keyof typeof rows, id: string, text: string): Sealed => keyring.seal(text, rows[kind](id)),
    /** @throws SealError when it was altered, or its key is not known any more */
    open: (kind: keyof typeof rows, id: string, sealed: Sealed): string => keyring.open(sealed, rows[kind](id)),
    conversations: (message: Message) => keyring.macs('conversation', conversationText(message)),
    conversationOf: (text: string) => keyring.macs('conversation', text),
    fingerprints: ({ message, sender, atLeastOnce }: Send) =>
      keyring.macs(
        'fingerprint',
        `${canonicalText(message)} ${atLeastOnce ? 'at-least-once' : ''}${senderText(sender)}`,
      ),
    primary: keyring.primary,
    keyIds: keyring.keyIds,
  }
}

export function writeOwed({ message, credential }: Owed): string {
  const by = credential.kind === 'token' ? { token: credential.userToken } : { sender: credential.sender }
  return JSON.stringify({ body: writeSendBody(message), ...by })
}

export function readOwed(text: string): Owed {
  const owed = owedSchema.parse(JSON.parse(text))
  const credential: Credential =
    'token' in owed ? { kind: 'token', userToken: owed.token } : { kind: 'grant', sender: owed.sender }
  return { message: parseSend(owed.body).message, credential }
}

/** Nothing where nobody is named, as it was before senders could be. */
function senderText({ userId, postToken }: Sender): string {
  return userId === undefined && postToken === undefined
    ? ''
    : ` ${JSON.stringify([userId ?? null, postToken ?? null])}`
}
