import * as z from 'zod'
import { clickV1, clickV2 } from '../../src/click/parse-click.ts'
import { actionsV2, actionV2, sendSchemas } from '../../src/message/schemas.ts'
import { consentBody } from '../../src/consent/consent-request.ts'
import { importBody } from '../../src/consent/import-request.ts'

/** Schemas of requests: the ones that the routes parse with. */

/** `null` counts as absent. */
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
/** The conversation is in the path, and may be repeated here. */
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
  GrantBody: importBody,
}

/** An action is parsed by its only member, so the schema itself does not list the possible ones. */
export const actionMembers: Readonly<Record<string, z.ZodType>> = Object.fromEntries(actionsV2)
