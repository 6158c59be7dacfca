import type { JsonObject } from '../base/strict-json.ts'

/** Which chat: by its id, or by the three who make it one. The ids of the two kinds are not the same, so neither becomes the other. */
export type Address =
  | { kind: 'conversation'; conversationId: string }
  | { kind: 'triple'; userId: string; postToken: string; peerId: string }

export type Content = { kind: 'text'; text: string } | { kind: 'media'; mediaToken: string }

/** What a click on a button does. */
export type Action =
  /** Session initialization with `data`; `LINK` on v1. */
  | { kind: 'open_server_link'; data: JsonObject }
  /** Opens a web address, as it was written; `DIRECT_LINK` on v1. */
  | { kind: 'open_direct_link'; url: string }
  | { kind: 'get_dynamic_action'; data: JsonObject }
  | { kind: 'open_post_page'; postToken: string }
  | { kind: 'open_post_manage_page'; postToken: string }

/** `icon` is a name of the platform's growing list: never checked against it. */
export type Button = { action: Action; icon?: string; caption: string }

/** Rows of buttons: at most three of at most three, none empty. */
export type ButtonGrid = readonly (readonly Button[])[]

/** What an internal service wants said in a conversation, free of wire version. */
export type Message = {
  address: Address
  content: Content
  /** What the side in whose name the message goes gets to see. */
  senderButtons?: ButtonGrid
  receiverButtons?: ButtonGrid
}

/** In whose name a message goes, as far as its address does not say it, and the post that it is about. */
export type Sender = { userId?: string | undefined; postToken?: string | undefined }
