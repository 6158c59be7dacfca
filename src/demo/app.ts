import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { request } from 'undici'
import { z } from 'zod'
import { donePage, orderPage, problemPage, reportPage, startPage, type Language } from './app-page.ts'
import { bookingMessage, confirmationMessage, TIMES, type Chat } from './app-messages.ts'

export type SampleAppOptions = {
  port: number
  /** Where the app sends messages through. */
  gatewayUrl: string
  /** The app's key for the gateway. */
  internalKey: string
  /** The token of the user in whose name it writes: the seller's. */
  userToken: string
}

export type SampleApp = { url: string; port: number; close: () => Promise<void> }

/** What the gateway's template hands over in the landing; see `landingTemplate`. */
export function landingTemplate(appUrl: string): string {
  return `${appUrl}/start{?wire,side,post_token,conversation_id,user_id,peer_id,data.order_id,data.step,latitude,longitude,return_url}`
}

const MAX_BODY_BYTES = 16 * 1024
const SEND_TIMEOUT_MS = 10_000

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** A company's own service behind the gateway, as small as can be: it books inspections of bikes and tells the chat. */
export async function startApp(options: SampleAppOptions): Promise<SampleApp> {
  const server = createServer((incoming, response) => {
    serve(incoming, response, options, ownUrl()).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const ownUrl = () => `http://127.0.0.1:${port}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
      server.closeAllConnections()
    })
  return { url: ownUrl(), port, close }
}

async function serve(incoming: IncomingMessage, response: ServerResponse, options: SampleAppOptions, ownUrl: string) {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', ownUrl)
  const answer = (status: number, html: string) => {
    response.writeHead(status, HEADERS).end(html)
  }
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD'
  if (isRead && pathname === '/report') {
    answer(200, reportPage(readLanguage(searchParams), searchParams.get('order_id') ?? ''))
  } else if (isRead && pathname === '/start') {
    const opened = readOpening(searchParams)
    answer(200, opened.step === 'confirm' ? orderPage(opened) : startPage(opened))
  } else if (incoming.method === 'POST' && (pathname === '/book' || pathname === '/confirm')) {
    const form = await readForm(incoming)
    if (form === undefined) answer(413, problemPage(readOpening(new URLSearchParams()), 'body_too_large', ''))
    else await tellChat(readOpening(form), form, pathname === '/book', options, ownUrl, answer)
  } else {
    answer(404, problemPage(readOpening(searchParams), 'not_found', 'There is no such page.'))
  }
}

/** Who came, with what, as the landing's address says. */
export type Opening = Chat & {
  language: Language
  side: string | undefined
  orderId: string
  step: string | undefined
  place: string | undefined
  /** The way back, when it is one: this machine, or https under divar.ir. */
  returnUrl: string | undefined
  fields: Record<string, string>
}

const CARRIED = [
  'wire',
  'side',
  'post_token',
  'conversation_id',
  'user_id',
  'peer_id',
  'data.order_id',
  'latitude',
  'longitude',
  'return_url',
]

function readOpening(query: URLSearchParams): Opening {
  const get = (name: string) => query.get(name) ?? undefined
  const [latitude, longitude] = [get('latitude'), get('longitude')]
  return {
    language: readLanguage(query),
    conversationId: get('conversation_id'),
    postToken: get('post_token') ?? '',
    userId: get('user_id') ?? '',
    peerId: get('peer_id') ?? '',
    isSeller: get('side') === 'supply',
    side: get('side'),
    orderId: get('data.order_id') ?? 'A-1029',
    step: get('data.step'),
    place: latitude !== undefined && longitude !== undefined ? `${latitude}, ${longitude}` : undefined,
    returnUrl: readReturnUrl(get('return_url')),
    fields: Object.fromEntries(CARRIED.flatMap((name) => (query.has(name) ? [[name, get(name) ?? '']] : []))),
  }
}

function readLanguage(query: URLSearchParams): Language {
  return query.get('lang') === 'en' ? 'en' : 'fa'
}

function readReturnUrl(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined
  const { protocol, hostname } = new URL(text)
  const isHere = /^(?:localhost|127\.0\.0\.1)$/.test(hostname) && /^https?:$/.test(protocol)
  return isHere || (protocol === 'https:' && /(?:^|\.)divar\.ir$/.test(hostname)) ? text : undefined
}

type Answer = (status: number, html: string) => void

async function tellChat(
  opened: Opening,
  form: URLSearchParams,
  isBooking: boolean,
  options: SampleAppOptions,
  ownUrl: string,
  answer: Answer,
): Promise<void> {
  const time = TIMES.find(({ id }) => id === form.get('time')) ?? TIMES[0]
  const order = {
    orderId: opened.orderId,
    reportUrl: `${ownUrl}/report?order_id=${encodeURIComponent(opened.orderId)}`,
  }
  const message = isBooking
    ? bookingMessage(opened, order, time.words.fa, opened.place)
    : confirmationMessage(opened, order)
  const problem = await send(message, options)
  if (problem === undefined) answer(200, donePage(opened, isBooking))
  else answer(502, problemPage(opened, problem.code, problem.detail))
}

const problemShape = z.object({ code: z.string(), detail: z.string().default('') })

/** POSTs a message to the gateway; what it answered when that was not a yes. */
async function send(
  message: Record<string, unknown>,
  { gatewayUrl, internalKey, userToken }: SampleAppOptions,
): Promise<z.infer<typeof problemShape> | undefined> {
  try {
    const { statusCode, body } = await request(`${gatewayUrl}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': internalKey, authorization: `Bearer ${userToken}` },
      body: JSON.stringify(message),
      signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
    })
    const answered: unknown = await body.json()
    return statusCode === 200 || statusCode === 202 ? undefined : problemShape.parse(answered)
  } catch {
    return { code: 'gateway_unreachable', detail: `There was no answer from ${gatewayUrl}.` }
  }
}

async function readForm(incoming: IncomingMessage): Promise<URLSearchParams | undefined> {
  let text = ''
  incoming.setEncoding('utf8')
  for await (const chunk of incoming) {
    text += String(chunk)
    if (text.length > MAX_BODY_BYTES) return undefined
  }
  return new URLSearchParams(text)
}
