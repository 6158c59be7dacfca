import * as z from 'zod'
import { clickV1 } from '../../src/click/wire-v1.ts'
import { clickV2 } from '../../src/click/wire-v2.ts'
import { sendSchemas } from '../../src/message/parse-message.ts'
import { actionsV2, actionV2 } from '../../src/message/wire-v2.ts'
import { consentBody } from '../../src/consent/consent-routes.ts'

/** What may be sent, by the schemas that the routes parse with. */

/** `null` and nothing mean the same. */
const { type, delivery, senderUserId, senderPostToken } = sendSchemas
const buttons = {
  sender_btn: sendSchemas.button.nullish(),
  receiver_btn: sendSchemas.button.nullish(),
  sender_buttons: sendSchemas.grid.nullish(),
  receiver_buttons: sendSchemas.grid.nullish(),
}
const text = { message: sendSchemas.text, media_token: z.literal('').nullish(), ...buttons, type, delivery }
const media = {
  message: z.literal('').nullish(),
  media_token: z.intersection(sendSchemas.mediaToken, z.string().min(1)),
  ...buttons,
  type,
  delivery,
}
const conversation = {
  conversation_id: sendSchemas.conversationId,
  user_id: senderUserId,
  post_token: senderPostToken,
  peer_id: z.null().optional(),
}
/** The conversation stands in the path, and may stand here too. */
const conversationOfPath = { ...conversation, conversation_id: sendSchemas.conversationId.nullish() }
const triple = {
  conversation_id: z.null().optional(),
  user_id: sendSchemas.userId,
  post_token: sendSchemas.postToken,
  peer_id: sendSchemas.peerId,
}

export const bodies = {
  ClickV1: clickV1,
  ClickV2: clickV2,
  TextToConversation: z.object({ ...conversation, ...text }),
  MediaToConversation: z.object({ ...conversation, ...media }),
  TextToTriple: z.object({ ...triple, ...text }),
  TextToPath: z.object({ ...conversationOfPath, ...text }),
  MediaToPath: z.object({ ...conversationOfPath, ...media }),
  Button: sendSchemas.button,
  ButtonGrid: sendSchemas.grid,
  ActionV2: actionV2,
  ConsentBody: consentBody,
}

/** An action is read by the one member that it has, so its schema alone does not tell which there may be. */
export const actionMembers: Readonly<Record<string, z.ZodType>> = Object.fromEntries(actionsV2)
