/**
 * The JSON of the control routes, for the page and the command line. Only types and constants: the page is compiled for a browser and
 * imports them too.
 */

export type Side = 'seller' | 'buyer'
export type Wire = 'v1' | 'v2'
export type Words = { fa: string; en: string }

/** One of the two people in the chat. A person has a different id on each wire. */
export type Person = {
  name: Words
  v1Id: string
  v2Id: string
  /** The conversation of this person with the app's bot. */
  botConversationId: string
}

export type ShownButton = {
  kind: 'open_server_link' | 'open_direct_link' | 'get_dynamic_action' | 'open_post_page' | 'open_post_manage_page'
  caption: string
  icon?: string
  /** Where `open_direct_link` leads. */
  url?: string
  /** What `open_server_link` and `get_dynamic_action` carry. */
  data?: Record<string, unknown>
  /** Of `open_post_page` and `open_post_manage_page`. */
  postToken?: string
}

export type Location = { latitude: number; longitude: number }

/** One bubble of the chat; both phones show it, each with the buttons of its own side. */
export type ShownMessage = {
  id: string
  /** ISO 8601. */
  at: string
  /** Who sent it, or in whose name the app sent it. */
  from: Side
  /** `app`: sent by the app, whose title is shown above it. */
  kind: 'text' | 'location' | 'app'
  /** Of a message in the chat of `from` with the app's bot; the bot's own have the kind `app`. */
  chat?: 'bot'
  text: string
  location?: Location
  mediaToken?: string
  /** Of an `app` message in the chat of the two: the wire that it came on. */
  wire?: Wire
  /** Rows of buttons. A location message has the app's own button, an `open_server_link`, on both sides. */
  buttons: Record<Side, ShownButton[][]>
}

/** A request and a response as they were sent. */
export type ShownRequest = { method: string; url: string; headers: Record<string, string>; body: string }
export type ShownResponse = { status: number; headers: Record<string, string>; body: string }

/** `other`: a call that the simulator does not answer as the platform would. */
export const ENTRY_KINDS = [
  'click',
  'resolver',
  'action',
  'landing',
  'event',
  'bot',
  'subscription',
  'platform',
  'consent',
  'token',
  'users',
  'delivery',
  'other',
] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

export const OUTCOMES = ['ok', 'refused', 'failed', 'faulted'] as const
type Outcome = (typeof OUTCOMES)[number]

/** What the app's own function was asked, and what it answered or why it failed. */
export type ShownResolution = {
  /** Of the click or the dynamic action. */
  clickId: string
  /** JSON. */
  asked: string
  /** JSON; absent when it threw, or was late. */
  answer?: string
  /** Why the answer, or its absence, counts as a failure; with the stack of what was thrown. */
  error?: string
}

/** One exchange between the platform and the app. Entries never change; later ones have higher ids. */
export type TimelineEntry = {
  id: number
  at: string
  kind: EntryKind
  /** Whose phone, or in whose name. */
  side?: Side
  wire?: Wire
  /** `faulted`: an armed fault changed the answer. `failed`: there was no readable answer. */
  outcome: Outcome
  request?: ShownRequest
  response?: ShownResponse
  /** Of the kind `resolver`. */
  resolution?: ShownResolution
  /** How long the answer took; with `budgetMs`, the time that the platform grants for it. */
  ms?: number
  budgetMs?: number
  /** Why it was refused; what the real platform would, or might, have refused. English, one sentence each. */
  notes: string[]
  /** Entries that belong together share it: a click, its landing, the consent, its tokens, the calls in that person's name. */
  journey: number
  /** Of a click and of a dynamic action: the caption of the button; absent for the app's entry in the menu. */
  caption?: string
  /** The entry that was sent again by hand. */
  repeats?: number
}

/** From where a user opens the app's bot. */
export const BOT_ENTRANCES = ['CHAT', 'MY_POST', 'MY_DIVAR', 'DIVAR_PRO', 'DEMAND_POST'] as const
export type BotEntrance = (typeof BOT_ENTRANCES)[number]

/** Types of events that the platform sends. */
export const EVENT_TYPES = [
  'NEW_MESSAGE',
  'NEW_CHATBOT_MESSAGE',
  'USER_ACCESS_REVOCATION',
  'POST_UPDATE',
  'PAYMENT_TRANSACTION',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** Types of messages in events. */
export const MESSAGE_TYPES = ['TEXT', 'IMAGE', 'FILE', 'VOICE', 'LOCATION', 'VIDEO', 'CONTACT'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** Forms of events that were seen besides the documented ones. */
export const ODD_FORMS = [
  'sent_at_number',
  'sent_at_string',
  'sender_user',
  'size_string',
  'at_type',
  'meta_data',
  'payment_transaction',
] as const
export type OddForm = (typeof ODD_FORMS)[number]

/** Faults that can be asked for. Each is used up by the next send, decision of a user, token request, click or event, whichever it is for. */
export const FAULTS = {
  send: ['401', '403', '412', '429', '500', 'slow', 'silence', 'reset', 'reset_after', '103_reset'],
  consent: ['stolen_state'],
  token: [
    'token_500',
    'token_reset',
    'token_reset_after',
    'code_expired',
    'partial_scopes',
    'foreign_scopes',
    'no_refresh_token',
    'new_token_refused',
  ],
  click: ['duplicate_click', 'wrong_key'],
  event: ['event_twice', 'event_late', 'event_wrong_key'],
} as const

export type FaultName = (typeof FAULTS)[keyof typeof FAULTS][number]

/** An armed fault, and for how many requests. */
export type ArmedFault = { fault: FaultName; times: number }

export type Settings = {
  /** The wire that clicks speak. */
  wire: Wire
  /** The app's session-initialization URL: where clicks go. */
  sessionUrl: string
  /** The app's dynamic-action URL: where buttons with `get_dynamic_action` go. */
  actionUrl: string
  /** The app's events URL. */
  eventsUrl: string
  /** How v1 clicks spell the seller's key: as the platform does today, or as the first documents did. */
  supplierKey: 'supplier' | 'Supplier'
  /** Who has blocked the other: messages are then refused with 412. */
  blockedBy: Side | null
}

export type Snapshot = {
  /** The id of this run of the simulator; the ids of entries start again in the next run. */
  run: string
  post: { token: string; title: Words }
  people: Record<Side, Person>
  conversationId: string
  appTitle: Words
  settings: Settings
  messages: ShownMessage[]
  timeline: TimelineEntry[]
  faults: ArmedFault[]
}

/** Messages and entries that newer ones have displaced. */
export type Forgotten = { messages: string[]; entries: number[] }

/**
 * Whether a frame may show an address. `download` and `empty`: it answers with a file, or without content (204), so there is nothing to
 * show. `unknown`: it is not on this machine, so it is never asked.
 */
export type Framable = 'yes' | 'no' | 'download' | 'empty' | 'placeholder' | 'unknown'

/** What `POST /simulator/clicks` answers. */
export type ClickResult = {
  /** The timeline's entry about it. */
  entryId: number
  /** What the app says in place, after a dynamic action. */
  text?: string
  /** The landing; absent when the app gave none that could be opened. */
  url?: string
  framable?: Framable
  /** Why nothing could be opened or shown, in one English sentence. */
  refusal?: string
}

/** What `POST /simulator/revoke` answers. */
export type RevokeResult = {
  /** False when the app had no access to this user's data. */
  revoked: boolean
  /** Whether the platform sends an event about it. */
  told: boolean
}

/** What `GET /simulator/gateway` answers: the gateway that messages can be sent through, and whose access token goes along. */
export type GatewayInfo = { url: string | undefined; docsUrl: string | undefined; tokens: Side[] }
/** What the gateway answered to a message or a check of one. */
export type GatewayAnswer = { status: number; body: unknown }
/** A command for a POSIX shell that sends a message. */
export type GatewayCommand = { command: string }
