import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { landingOf, openingOf, readClick, type Language, type Opening } from './app-click.ts'
import { createGatewayClient, type GatewayAccess, type GatewayClient } from './app-gateway.ts'
import { bookingMessage, confirmationMessage, TIMES } from './app-messages.ts'
import { donePage, lostPage, orderPage, problemPage, reportPage, startPage } from './app-page.ts'

export type SampleAppOptions = GatewayAccess & {
  port: number
  /** What the gateway shows when it asks where a click leads. */
  resolverSecret: string
}

export type SampleApp = { url: string; port: number; close: () => Promise<void> }

const MAX_BODY_BYTES = 64 * 1024

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

type App = { gateway: GatewayClient; resolverSecret: string; url: () => string }

/**
 * A company's own service behind the gateway, as small as can be: it says where clicks lead, books inspections of bikes and tells the
 * chat.
 */
export async function startApp(options: SampleAppOptions): Promise<SampleApp> {
  const app: App = {
    gateway: createGatewayClient(options),
    resolverSecret: options.resolverSecret,
    url: () => `http://127.0.0.1:${port}`,
  }
  const server = createServer((incoming, response) => {
    serve(incoming, response, app).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
      server.closeAllConnections()
    })
  return { url: app.url(), port, close }
}

async function serve(incoming: IncomingMessage, response: ServerResponse, app: App): Promise<void> {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', app.url())
  const show = (status: number, html: string) => {
    response.writeHead(status, HEADERS).end(html)
  }
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD'
  if (incoming.method === 'POST' && pathname === '/resolve') await resolve(incoming, response, app)
  else if (isRead && pathname === '/report') {
    show(200, reportPage(readLanguage(searchParams), searchParams.get('order_id') ?? ''))
  } else if (isRead && pathname === '/start') {
    const opened = await openingBehind(searchParams, app)
    if (opened === undefined) show(410, lostPage(readLanguage(searchParams)))
    else show(200, opened.step === 'confirm' ? orderPage(opened) : startPage(opened))
  } else if (incoming.method === 'POST' && (pathname === '/book' || pathname === '/confirm')) {
    const form = new URLSearchParams(await readBody(incoming))
    const opened = await openingBehind(form, app)
    if (opened === undefined) show(410, lostPage(readLanguage(form)))
    else await tellChat(opened, form.get('time'), pathname === '/book', app, show)
  } else show(404, lostPage(readLanguage(searchParams)))
}

/** The gateway asks where a click leads. */
async function resolve(incoming: IncomingMessage, response: ServerResponse, app: App): Promise<void> {
  const answer = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (!isSame(incoming.headers.authorization ?? '', `Bearer ${app.resolverSecret}`)) {
    answer(401, { error: 'This is for the gateway only.' })
    return
  }
  const click = readClick(JSON.parse(await readBody(incoming)))
  if (click === undefined) answer(400, { error: 'This is no click.' })
  else answer(200, landingOf(click, app.url()))
}

function isSame(shown: string, expected: string): boolean {
  const [one, other] = [Buffer.from(shown), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}

async function openingBehind(query: URLSearchParams, { gateway }: App): Promise<Opening | undefined> {
  const click = await gateway.findClick(query.get('click_id') ?? '')
  return click && openingOf(click, readLanguage(query))
}

function readLanguage(query: URLSearchParams): Language {
  return query.get('lang') === 'en' ? 'en' : 'fa'
}

async function tellChat(
  opened: Opening,
  chosen: string | null,
  isBooking: boolean,
  { gateway, url }: App,
  show: (status: number, html: string) => void,
): Promise<void> {
  const time = TIMES.find(({ id }) => id === chosen) ?? TIMES[0]
  const order = {
    orderId: opened.orderId,
    reportUrl: `${url()}/report?order_id=${encodeURIComponent(opened.orderId)}`,
  }
  const message = isBooking
    ? bookingMessage(opened, order, time.words.fa, opened.place)
    : confirmationMessage(opened, order)
  const problem = await gateway.send(message)
  if (problem === undefined) show(200, donePage(opened, isBooking))
  else show(502, problemPage(opened, problem))
}

/** @throws when it is too long */
async function readBody(incoming: IncomingMessage): Promise<string> {
  let text = ''
  incoming.setEncoding('utf8')
  for await (const chunk of incoming) {
    text += String(chunk)
    if (text.length > MAX_BODY_BYTES) throw new Error('body too large')
  }
  return text
}
