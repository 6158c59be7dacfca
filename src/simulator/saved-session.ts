import * as z from 'zod'
import {
  ENTRY_KINDS,
  OUTCOMES,
  type ShownButton,
  type ShownMessage,
  type ShownRequest,
  type ShownResponse,
  type Snapshot,
  type TimelineEntry,
} from './shown.ts'

/** Of a file with a session: more than a conversation can hold. */
export const MAX_SESSION_BYTES = 8 * 1024 * 1024

/** Of messages, and of entries: what a conversation holds. */
export const MAX_COUNT = 500
/** Of addresses, headers and captions: Node takes headers of 16 KiB at most. */
const MAX_SHORT = 16 * 1024
const MAX_TEXT = 512 * 1024
const text = z.string().max(MAX_TEXT)
const short = z.string().max(MAX_SHORT)
/** A file can come from anyone, and the page makes links of addresses and calls them. */
const webAddress = short.refine(
  (url) => /^https?:\/\//i.test(url) && URL.canParse(url),
  'expected an http or https address',
)
const side = z.enum(['seller', 'buyer'])
const location = z.object({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) })
const wire = z.enum(['v1', 'v2'])
const headers = z.record(z.string().max(256), short)
const request = z.object({ method: z.string().max(16), url: webAddress, headers, body: text })
const response = z.object({ status: z.int().min(0).max(999), headers, body: text })
const resolution = z.object({ clickId: short, asked: text, answer: text.exactOptional(), error: text.exactOptional() })
const button = z.object({
  kind: z.enum([
    'open_server_link',
    'open_direct_link',
    'get_dynamic_action',
    'open_post_page',
    'open_post_manage_page',
  ]),
  caption: short,
  icon: short.exactOptional(),
  url: webAddress.exactOptional(),
  data: z.record(z.string(), z.unknown()).exactOptional(),
  postToken: short.exactOptional(),
})
const rows = z.array(z.array(button).max(3)).max(3)
const message = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  from: side,
  kind: z.enum(['text', 'location', 'app']),
  chat: z.literal('bot').exactOptional(),
  text,
  location: location.exactOptional(),
  mediaToken: short.exactOptional(),
  wire: wire.exactOptional(),
  buttons: z.object({ seller: rows, buyer: rows }),
})
const entry = z.object({
  id: z.int().positive(),
  at: z.iso.datetime(),
  kind: z.enum(ENTRY_KINDS),
  side: side.exactOptional(),
  wire: wire.exactOptional(),
  outcome: z.enum(OUTCOMES),
  request: request.exactOptional(),
  response: response.exactOptional(),
  resolution: resolution.exactOptional(),
  ms: z.number().min(0).exactOptional(),
  budgetMs: z.number().positive().exactOptional(),
  notes: z.array(short).max(100),
  journey: z.int().positive(),
  caption: short.exactOptional(),
  repeats: z.int().positive().exactOptional(),
})

/** A session in a file. Addresses of the app are not in it: a file cannot direct the identification key elsewhere. */
export const sessionShape = z.object({
  kenar_session: z.literal(1),
  settings: z.object({ wire, supplierKey: z.enum(['supplier', 'Supplier']), blockedBy: side.nullable() }),
  messages: z.array(message).max(MAX_COUNT),
  timeline: z.array(entry).max(MAX_COUNT),
})
export type SavedSession = z.infer<typeof sessionShape>

/** The conversation as a file that can be kept and shared: without keys, tokens, codes and links that open something. */
export function saveSession({ settings, messages, timeline }: Snapshot): unknown {
  const { wire: chosen, supplierKey, blockedBy } = settings
  return {
    kenar_session: 1,
    settings: { wire: chosen, supplierKey, blockedBy },
    messages: messages.map(withoutLinks),
    timeline: timeline.map(withoutSecrets),
  }
}

/** A service may send a consent link in a message. */
function withoutLinks({ text: said, buttons: { seller, buyer }, ...more }: ShownMessage): ShownMessage {
  return { ...more, text: masked(said), buttons: { seller: linksMasked(seller), buyer: linksMasked(buyer) } }
}

function linksMasked(grid: ShownButton[][]): ShownButton[][] {
  return grid.map((row) => row.map((one) => (one.url === undefined ? one : { ...one, url: masked(one.url) })))
}

const SECRET_HEADER = /^(?:authorization|x-api-key|x-access-token|cookie|set-cookie)$/i
const SECRET_FIELD = 'access_token|refresh_token|client_secret|code_verifier|code|state'
const MASK = '***'

function withoutSecrets(item: TimelineEntry): TimelineEntry {
  return {
    ...item,
    ...(item.request && { request: cleaned(item.request, item.kind) }),
    ...(item.response && { response: cleaned(item.response, item.kind) }),
    ...(item.resolution?.answer !== undefined && {
      resolution: { ...item.resolution, answer: masked(item.resolution.answer) },
    }),
  }
}

function cleaned<Part extends ShownRequest | ShownResponse>(part: Part, kind: TimelineEntry['kind']): Part {
  const kept = Object.entries(part.headers).filter(([name]) => !SECRET_HEADER.test(name))
  return {
    ...part,
    ...('url' in part && { url: masked(part.url) }),
    headers: Object.fromEntries(kept.map(([name, value]) => [name, masked(value)])),
    body: kind === 'token' || kind === 'consent' ? maskFields(part.body) : masked(part.body),
  }
}

/** Secrets in addresses: consent links, and what an authorization flow carries along. */
function masked(value: string): string {
  return value
    .replaceAll(/(\/oauth\/start\/)[\w-]+/g, `$1${MASK}`)
    .replaceAll(new RegExp(`([?&](?:${SECRET_FIELD})=)[^&#\\s"]+`, 'g'), `$1${MASK}`)
}

/** Secrets in the members of JSON and in the fields of a form. The consent page carries some as hidden fields. */
function maskFields(body: string): string {
  return masked(body)
    .replaceAll(new RegExp(`("(?:${SECRET_FIELD})"\\s*:\\s*)"[^"]*"`, 'g'), `$1"${MASK}"`)
    .replaceAll(new RegExp(`(name="(?:${SECRET_FIELD})" value=")[^"]*`, 'g'), `$1${MASK}`)
    .replaceAll(new RegExp(`((?:${SECRET_FIELD})(?:=|%3D))[^&"]+`, 'g'), `$1${MASK}`)
}
