import type { JsonObject } from '../base/strict-json.ts'

type Text = string | null | undefined
type Party = { id?: Text } | null | undefined

/** The members of a v1 click's body, as Divar writes them. */
export type ClickBodyV1 = {
  post_token?: Text
  user_id?: Text
  peer_id?: Text
  conversation_id?: Text
  /** The seller. */
  Supplier?: Party
  /** The buyer. */
  demand?: Party
  extra_data?:
    | {
        /** What the app put into the button. */
        provider_data?: JsonObject | null | undefined
        /** Present when the button is under a location message. */
        location?: { latitude: number | string; longitude: number | string } | null | undefined
      }
    | null
    | undefined
  callback_url?: Text
  completion_url?: Text
  return_url?: Text
}

/** The members of a v2 click's body, as Divar writes them. */
export type ClickBodyV2 = {
  source?: Text
  post_token?: Text
  conversation_id?: Text
  /** `SUPPLY` or `DEMAND`. */
  user_side?: Text
  /** What the app put into the button. */
  extra_data?: JsonObject | null | undefined
  /** The same, under its other name. */
  provider_data?: JsonObject | null | undefined
  user_id?: Text
  callback_url?: Text
  completion_url?: Text
  return_url?: Text
}

/**
 * The complete body of a v1 click.
 * @param overrides replace members of the sample; `undefined` leaves a member out
 */
export function clickBodyV1(overrides: ClickBodyV1 = {}): JsonObject {
  return {
    extra_data: { provider_data: { order_id: 'A-1029' } },
    callback_url: 'https://open-platform-redirect.divar.ir/completion',
    post_token: 'AZf3Uqr3',
    user_id: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
    peer_id: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
    Supplier: { id: '1697004f-e902-44c2-bbbe-bf8e20d54bff' },
    demand: { id: 'e9ba8a81-9583-4f7c-af54-b07df089d971' },
    ...overrides,
  }
}

/** The complete body of a v2 click; see `clickBodyV1`. */
export function clickBodyV2(overrides: ClickBodyV2 = {}): JsonObject {
  return {
    source: 'CHAT_MESSAGE_ACTION',
    post_token: 'AZf3Uqr3',
    conversation_id: '6b3d5cf7-9291-4fa9-892a-9d07e300daea',
    user_side: 'DEMAND',
    extra_data: { order_id: 'A-1029' },
    user_id: 'Qm0wW1hZc2xYT3dQd0ZyS0J6dU5nVWtqSGVMaVRzREI=',
    ...overrides,
  }
}
