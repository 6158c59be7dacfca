import * as z from 'zod'
import { actionBody } from '../../src/click/parse-action.ts'
import { clickV1 } from '../../src/click/read-click-v1.ts'
import { clickV2 } from '../../src/click/read-click-v2.ts'
import { actionsV2, actionV2, sendSchemas } from '../../src/message/schemas.ts'
import { time } from '../../src/message/times.ts'
import { consentBody } from '../../src/consent/consent-request.ts'
import { cancelBody, retryBody } from '../../src/messages/message-filter.ts'
import { timelineBody } from '../../src/timeline/timeline.ts'
import { importBody } from '../../src/consent/import-request.ts'
import { platformSubscriptionBody, subscriptionBody } from '../../src/subscriptions/subscription-request.ts'

/** Schemas of requests: the ones that the routes parse with. */

/** `null` counts as absent. */
const type = sendSchemas.type.schema
const ours = { delivery: sendSchemas.delivery.schema, not_before: time.schema, expires_at: time.schema }
const buttons = {
  sender_btn: sendSchemas.button.schema.nullish(),
  receiver_btn: sendSchemas.button.schema.nullish(),
  sender_buttons: sendSchemas.grid.schema.nullish(),
  receiver_buttons: sendSchemas.grid.schema.nullish(),
}
const text = { message: sendSchemas.text.schema, media_token: z.literal('').nullish(), ...buttons, type, ...ours }
const media = {
  message: z.literal('').nullish(),
  media_token: z.intersection(sendSchemas.mediaToken.schema, z.string().min(1)),
  ...buttons,
  type,
  ...ours,
}
const absent = z.null().optional()
const conversation = {
  bot: absent,
  conversation_id: sendSchemas.conversationId.schema,
  user_id: sendSchemas.senderUserId.schema,
  post_token: sendSchemas.senderPostToken.schema,
  peer_id: absent,
}
/** The conversation is in the path, and may be repeated here. */
const conversationOfPath = { ...conversation, conversation_id: sendSchemas.conversationId.schema.nullish() }
const triple = {
  bot: absent,
  conversation_id: absent,
  user_id: sendSchemas.userId.schema,
  post_token: sendSchemas.postToken.schema,
  peer_id: sendSchemas.peerId.schema,
}

/** A bot message has one grid, and either name of its text. */
const noOtherButtons = { sender_btn: absent, receiver_btn: absent, sender_buttons: absent, receiver_buttons: absent }
const botButtons = { buttons: sendSchemas.grid.schema.nullish(), ...noOtherButtons, type, ...ours }
const botText = z.union([
  z.object({ text_message: sendSchemas.text.schema, message: absent }),
  z.object({ message: sendSchemas.text.schema, text_message: absent }),
])
const noBotText = z.union([
  z.object({ text_message: z.literal('').nullish(), message: absent }),
  z.object({ message: z.literal('').nullish(), text_message: absent }),
])
const noOtherAddress = { conversation_id: absent, user_id: absent, post_token: absent, peer_id: absent }
const bot = {
  bot: z.union([
    z.object({ conversation_id: sendSchemas.conversationId.schema, user_id: absent }),
    z.object({ user_id: sendSchemas.botUserId.schema, conversation_id: absent }),
  ]),
  ...noOtherAddress,
}
/** The path's id may be repeated here. */
const botOfPath = {
  bot: absent,
  conversation_id: sendSchemas.conversationId.schema.nullish(),
  user_id: sendSchemas.botUserId.schema.nullish(),
}
/** Only the type is needed: what else an event has depends on it, and anything is accepted. */
const event = z.looseObject({ type: z.string().min(1) })

export const bodies = {
  DivarEvent: event,
  ClickV1: clickV1,
  ClickV2: clickV2,
  ActionBody: actionBody,
  TextToConversation: z.object({ ...conversation, ...text }),
  MediaToConversation: z.object({ ...conversation, ...media }),
  TextToTriple: z.object({ ...triple, ...text }),
  TextToPath: z.object({ ...conversationOfPath, ...text }),
  MediaToPath: z.object({ ...conversationOfPath, ...media }),
  TextByBot: z.intersection(z.object({ ...bot, ...botButtons, media_token: text.media_token }), botText),
  MediaByBot: z.intersection(z.object({ ...bot, ...botButtons, media_token: media.media_token }), noBotText),
  TextByBotToPath: z.intersection(z.object({ ...botOfPath, ...botButtons, media_token: text.media_token }), botText),
  MediaByBotToPath: z.intersection(
    z.object({ ...botOfPath, ...botButtons, media_token: media.media_token }),
    noBotText,
  ),
  Button: sendSchemas.button.schema,
  ButtonGrid: sendSchemas.grid.schema,
  ActionV2: actionV2,
  ConsentBody: consentBody,
  GrantBody: importBody,
  RetryFilter: retryBody,
  CancelFilter: cancelBody,
  TimelineBody: timelineBody,
  SubscriptionBody: subscriptionBody,
  PlatformSubscriptionBody: platformSubscriptionBody,
}

/** An action is parsed by its only member, so the schema itself does not list the possible ones. */
export const actionMembers: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  [...actionsV2].map(([name, { schema }]) => [name, schema]),
)
