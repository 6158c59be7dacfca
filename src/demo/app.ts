import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import express, { type ErrorRequestHandler } from 'express'
import * as z from 'zod'
import { createEventReceiver } from './app-events.ts'
import { createGatewayClient, readClick, type AppClick, type GatewayAccess } from './app-gateway.ts'
import { bookingMessage, confirmationMessage, PRICE } from './app-messages.ts'
import {
  donePage,
  lostPage,
  orderPage,
  orderOf,
  placeOf,
  problemPage,
  reportPage,
  SAMPLE_ORDER,
  startPage,
  TIMES,
} from './app-pages.ts'

type SampleAppOptions = GatewayAccess & {
  port: number
  /** The gateway presents it when it calls the resolver. */
  resolverSecret: string
  /** Signs the events that the gateway passes on. */
  eventsSecret: string
  /** Gets a line for each event. */
  log: (line: string) => void
}

export type SampleApp = { url: string; port: number; close: () => Promise<void> }

const PAGE_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** The parameters of the app's pages, in a query or a form. */
const parametersSchema = z.object({
  lang: z.enum(['fa', 'en']).optional().catch(undefined),
  click_id: z.string().catch(''),
  order_id: z.string().catch(''),
  time: z.string().optional().catch(undefined),
})

/** Without `lang`, in the language of the simulator's page: on one machine, its cookie comes along. */
function readParameters(source: unknown = {}, cookie = '') {
  const { lang = /(?:^|; )kenar_language=en(?:;|$)/.test(cookie) ? 'en' : 'fa', ...rest } =
    parametersSchema.parse(source)
  return { lang, ...rest }
}

/** A company's service behind the gateway, as small as possible: resolves clicks, books inspections of bikes, writes to the chat, receives events. */
export async function startApp(options: SampleAppOptions): Promise<SampleApp> {
  const gateway = createGatewayClient(options)
  const reportOf = (orderId: string) => `${url}/report?order_id=${encodeURIComponent(orderId)}`
  const receiveEvent = createEventReceiver({
    gateway,
    secret: options.eventsSecret,
    reportUrl: () => reportOf(SAMPLE_ORDER),
    log: options.log,
  })
  const app = express().disable('x-powered-by')
  const limit = '64kb'

  app.post(['/resolve', '/action'], (request, response, next) => {
    if (isSame(request.get('authorization') ?? '', `Bearer ${options.resolverSecret}`)) next()
    else response.status(401).json({ error: 'This route is for the gateway only.' })
  })
  app.post('/resolve', express.json({ limit }), (request, response) => {
    const click = readClick(request.body)
    if (click === undefined) response.status(400).json({ error: 'This is not a click.' })
    else response.json(landingOf(click, url))
  })

  app.post('/action', (_request, response) => {
    response.json({ text: PRICE })
  })

  // The signature is of the bytes as they came, so the body is not parsed before it is checked.
  app.post('/events', express.text({ limit: '256kb', type: () => true }), async (request, response) => {
    const body: unknown = request.body
    response.sendStatus(await receiveEvent(typeof body === 'string' ? body : '', request.headers))
  })

  app.use((_request, response, next) => {
    response.set(PAGE_HEADERS)
    next()
  })
  app.get('/start', async (request, response) => {
    const { lang, click_id } = readParameters(request.query, request.headers.cookie)
    const click = await gateway.findClick(click_id)
    if (click === undefined) response.status(410).send(lostPage(lang))
    else response.send(click.data.step === 'confirm' ? orderPage(lang, click) : startPage(lang, click))
  })
  app.get('/report', (request, response) => {
    const { lang, order_id } = readParameters(request.query, request.headers.cookie)
    response.send(reportPage(lang, order_id))
  })
  app.post(['/book', '/confirm'], express.urlencoded({ limit }), async (request, response) => {
    const { lang, click_id, time } = readParameters(request.body, request.headers.cookie)
    const click = await gateway.findClick(click_id)
    if (click === undefined) {
      response.status(410).send(lostPage(lang))
      return
    }
    const isBooking = request.path === '/book'
    const { words } = TIMES.find(({ id }) => id === time) ?? TIMES[0]
    const problem = await gateway.send(
      isBooking
        ? bookingMessage(click, orderOf(click), words.fa, placeOf(click))
        : confirmationMessage(click, reportOf(orderOf(click))),
    )
    if (problem === undefined) response.send(donePage(lang, click, isBooking))
    else response.status(502).send(problemPage(lang, click, problem))
  })
  app.use((request, response) => {
    response.status(404).send(lostPage(readParameters(request.query, request.headers.cookie).lang))
  })
  // Express knows an error handler by its four parameters. Its own answers with a stack.
  const onError: ErrorRequestHandler = (_error, request, response, _next) => {
    if (request.path === '/resolve') response.status(400).json({ error: 'This is not a click.' })
    else response.status(400).send(lostPage(readParameters(request.query, request.headers.cookie).lang))
  }
  app.use(onError)

  const server = app.listen(options.port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  const url = `http://127.0.0.1:${port}`
  const close = async () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { url, port, close }
}

/** To look at an order needs no consent. Booking and confirming write to the chat, so the user is asked first. */
function landingOf({ id, data, location }: AppClick, appUrl: string): { url: string; scopes?: string[] } {
  const url = `${appUrl}/start?click_id=${id}`
  const onlyLooks = data.order_id !== undefined && data.step !== 'confirm' && location === undefined
  // With the last one Divar reports that the user revoked the access.
  return onlyLooks ? { url } : { url, scopes: ['chat', 'offline', 'NOTIFICATION_ACCESS_REVOCATION'] }
}

function isSame(presented: string, expected: string): boolean {
  const [one, other] = [Buffer.from(presented), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
