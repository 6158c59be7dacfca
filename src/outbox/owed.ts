import { z } from 'zod'
import type { Keyring } from '../base/keyring.ts'
import { canonicalText, conversationText, writeSendBody } from '../message/canonical.ts'
import type { Message } from '../message/message.ts'
import { parseSend, type Send } from '../message/parse-message.ts'
import type { Sealed } from '../store/store.ts'

/** What lies sealed in the store of a message to Divar: its send body, and the token in whose name it goes. */
const owedSchema = z.object({ body: z.unknown(), token: z.string() })

export type Owed = { message: Message; userToken: string }

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
    fingerprints: ({ message, atLeastOnce }: Send) =>
      keyring.macs('fingerprint', `${canonicalText(message)} ${atLeastOnce ? 'at-least-once' : ''}`),
    primary: keyring.primary,
    keyIds: keyring.keyIds,
  }
}

export function writeOwed({ message, userToken }: Owed): string {
  return JSON.stringify({ body: writeSendBody(message), token: userToken })
}

export function readOwed(text: string): Owed {
  const { body, token } = owedSchema.parse(JSON.parse(text))
  return { message: parseSend(body).message, userToken: token }
}
