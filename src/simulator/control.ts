import type { ServerResponse } from 'node:http'
import * as z from 'zod'
import { press } from './actions.ts'
import { tellSubscribers } from './chat-events.ts'
import { ClickError, noteObstacle, personMessage } from './clicks.ts'
import { botRoutes } from './control-bot.ts'
import { eventRoutes } from './control-events.ts'
import { timelineRoutes } from './control-timeline.ts'
import { gatewayRoutes } from './control-gateway.ts'
import { location, side, type Controlled, type Route } from './control-route.ts'
import type { Conversation } from './conversation.ts'
import { readFaultName, write } from './faults.ts'
import { isFramable } from './framable.ts'
import { answerJson, type Answer, type Received } from './http.ts'

const webAddress = z.url({ protocol: /^https?$/ }).max(2048)
const shapes = {
  message: z.union([
    z.strictObject({ side, text: z.string().trim().min(1).max(1000) }),
    z.strictObject({ side, location }),
  ]),
  click: z.strictObject({
    side,
    message_id: z.string().max(64).optional(),
    row: z.int().min(0).max(2).optional(),
    column: z.int().min(0).max(2).optional(),
  }),
  settings: z.strictObject({
    wire: z.enum(['v1', 'v2']).optional(),
    session_url: webAddress.optional(),
    action_url: webAddress.optional(),
    events_url: webAddress.optional(),
    supplier_key: z.enum(['supplier', 'Supplier']).optional(),
    blocked_by: side.nullable().optional(),
  }),
  fault: z.strictObject({ fault: z.string(), times: z.int().min(1).max(1000).default(1) }),
  active: z.strictObject({ side }),
}

const routes = new Map<string, Route>([
  ['GET /simulator/state', (_, { conversation }) => answerJson(conversation.snapshot())],
  ['GET /simulator/faults', (_, { conversation }) => answerJson(conversation.faults.list())],
  [
    'GET /simulator/framable',
    async (_, { ownOrigin }, query) =>
      answerJson({ framable: await isFramable(webAddress.parse(query.get('url')), ownOrigin) }),
  ],
  [
    'POST /simulator/messages',
    (body, { conversation, events, subscriptions }) => {
      const said = shapes.message.parse(body)
      const content = 'text' in said ? { text: said.text } : { text: '', location: said.location }
      const caption = conversation.world.appTitle.fa
      const message = conversation.say(personMessage(said.side, { ...content, caption }))
      tellSubscribers(conversation, { events, subscriptions }, message)
      return answerJson(message, 201)
    },
  ],
  [
    'POST /simulator/clicks',
    async (body, { conversation, identificationKey, ownOrigin, ready, activate }) => {
      const clicked = shapes.click.parse(body)
      activate(clicked.side)
      const obstacle = await ready()
      if (obstacle !== undefined) return answerJson(noteObstacle(conversation, clicked.side, obstacle))
      return answerJson(await press(conversation, clicked, { identificationKey, ownOrigin }))
    },
  ],
  [
    'POST /simulator/settings',
    (body, { conversation }) => {
      const { wire, session_url, action_url, events_url, supplier_key, blocked_by } = shapes.settings.parse(body)
      conversation.change({
        ...(wire && { wire }),
        ...(session_url && { sessionUrl: session_url }),
        ...(action_url && { actionUrl: action_url }),
        ...(events_url && { eventsUrl: events_url }),
        ...(supplier_key && { supplierKey: supplier_key }),
        ...(blocked_by !== undefined && { blockedBy: blocked_by }),
      })
      return answerJson(conversation.settings)
    },
  ],
  [
    'POST /simulator/faults',
    (body, { conversation }) => {
      const { fault, times } = shapes.fault.parse(body)
      const name = readFaultName(fault)
      if (name === undefined) return answerJson({ error: 'fault: there is no fault of this name.' }, 400)
      conversation.faults.arm(name, times)
      return answerJson(conversation.faults.list())
    },
  ],
  [
    'DELETE /simulator/faults',
    (_, { conversation }) => {
      conversation.faults.clear()
      return answerJson([])
    },
  ],
  [
    'POST /simulator/active',
    (body, { activate }) => {
      activate(shapes.active.parse(body).side)
      return answerJson({})
    },
  ],
  [
    'POST /simulator/reset',
    (_, { conversation }) => {
      conversation.reset()
      return answerJson({})
    },
  ],
  ...botRoutes,
  ...eventRoutes,
  ...timelineRoutes,
  ...gatewayRoutes,
])

/** The routes by which the page, the command line and tests control the simulator. */
export async function control({ method, path, body }: Received, controlled: Controlled): Promise<Answer> {
  const { pathname, searchParams } = new URL(path, controlled.ownOrigin)
  const route = routes.get(`${method} ${pathname}`)
  if (route === undefined) return answerJson({ error: 'There is no such route.' }, 404)
  try {
    return await route(body === '' ? {} : JSON.parse(body), controlled, searchParams)
  } catch (error) {
    if (error instanceof z.ZodError) return answerJson({ error: z.prettifyError(error) }, 400)
    if (error instanceof ClickError) return answerJson({ error: error.message }, 409)
    if (error instanceof SyntaxError) return answerJson({ error: 'The body is not JSON.' }, 400)
    throw error
  }
}

const HEARTBEAT_MS = 15_000
const MAX_WATCHERS = 50
const RETRY_AFTER_S = 5
/** More than the largest snapshot; see the bounds of `Conversation`. */
const MAX_UNREAD_BYTES = 12 * 1024 * 1024
const watching = new WeakMap<Conversation, number>()

/** Streams changes as server-sent events. Each connection begins with a snapshot, so that a page that reconnects misses nothing. */
export function streamEvents(response: ServerResponse, conversation: Conversation): void {
  const count = watching.get(conversation) ?? 0
  // The close event of a closed response has passed, so its place would never be freed.
  if (response.destroyed) return
  if (count >= MAX_WATCHERS) {
    const error = `${MAX_WATCHERS} pages watch already; close one of them.`
    write(answerJson({ error }, 503, { 'retry-after': String(RETRY_AFTER_S) }), response)
    return
  }
  watching.set(conversation, count + 1)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const send = (event: string, data: unknown) => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy()
  }
  send('snapshot', conversation.snapshot())
  const stop = conversation.watch(({ event, data }) => {
    send(event, data)
  })
  const heartbeat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS)
  response.once('close', () => {
    clearInterval(heartbeat)
    stop()
    watching.set(conversation, (watching.get(conversation) ?? 1) - 1)
  })
}
