import type { JsonObject } from '../base/strict-json.ts'

export const SIDES = ['supply', 'demand'] as const
export type Side = (typeof SIDES)[number]

/** A point on earth in decimal degrees (WGS 84). */
export type Location = { latitude: number; longitude: number }

/** A session-initialization call of Divar's in either API version: a user clicked a button, or opened the app from a chat. */
export type Click = {
  /** Opaque and unguessable; the `click_id` of a landing. */
  id: string
  /** The API version, which also says what kind of ids these are. */
  wire: 'v1' | 'v2'
  /** Where the user clicked: `CHAT`, `CHAT_MESSAGE_ACTION`, `POST_ADDON`, or another place. */
  source?: string
  postToken?: string
  conversationId?: string
  /** Who clicked; absent if not logged in. v1 and v2 use different ids for the same user. */
  userId?: string
  /** The other side of the chat (v1 only). */
  peerId?: string
  /** The seller (v1 only). */
  supplierId?: string
  /** The buyer (v1 only). */
  demandId?: string
  /** The clicking user's side of the post. */
  side?: Side
  /** What the app put into the button. */
  data: JsonObject
  /** Present for a button below a location message. */
  location?: Location
  /** The URL for the user once the app is done; https under divar.ir, or loopback. */
  returnUrl: string
  /** Unknown members, unchanged. */
  extra: JsonObject
}

/** A dynamic action: a user clicked a button that the app answers in place. */
export type ActionRequest = Click & {
  /** Where the button is. */
  touchpoint: string
}

/** A click as it was read, and what to log about its reading. */
export type ClickRead<Read = Click> = {
  click: Read
  /** Whether the return URL was not trusted, and was replaced. */
  returnUrlReplaced: boolean
  /** How many optional parts were empty or of another JSON type, and count as absent. */
  absentParts: number
}

/** A Click as JSON, in Divar's snake_case: the body that the forward resolver sends. */
export function clickToJson(click: Click & { touchpoint?: string }): JsonObject {
  return {
    id: click.id,
    wire: click.wire,
    touchpoint: click.touchpoint,
    source: click.source,
    post_token: click.postToken,
    conversation_id: click.conversationId,
    user_id: click.userId,
    peer_id: click.peerId,
    supplier_id: click.supplierId,
    demand_id: click.demandId,
    side: click.side,
    data: click.data,
    location: click.location,
    return_url: click.returnUrl,
    extra: click.extra,
  }
}

/** Divar's own page after an app is done. */
export const COMPLETION_URL = 'https://open-platform-redirect.divar.ir/completion'
