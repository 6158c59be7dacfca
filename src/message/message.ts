import type { JsonObject } from '../base/strict-json.ts'

/** A chat: by its id (v2), or by user, post and peer (v1). The two kinds cannot be converted, their ids differ. */
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

/** `icon` is not checked: Divar's list of icons grows. */
export type Button = { action: Action; icon?: string; caption: string }

/** Rows of buttons: at most three of at most three, none empty. */
export type ButtonGrid = readonly (readonly Button[])[]

/** A message to send, independent of the wire version. */
export type Message = {
  address: Address
  content: Content
  /** Buttons that the sending side sees. */
  senderButtons?: ButtonGrid
  receiverButtons?: ButtonGrid
}

/** The sending user and the post, to select a grant by; a v1 address names both itself. */
export type Sender = { userId?: string | undefined; postToken?: string | undefined }
