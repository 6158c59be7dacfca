import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { control, streamEvents } from './control.ts'
import { Conversation } from './conversation.ts'
import { EventSender } from './events.ts'
import { misbehaviourOf, perform, takesEffect, write, type Misbehaviour } from './faults.ts'
import { Grants } from './grants.ts'
import { refuse, type Answer, type Received } from './http.ts'
import { handleOauth } from './oauth.ts'
import { completionPage, completionScript, pageFile } from './page-files.ts'
import { isFromForeignPage, isOriginForm } from './guard.ts'
import { noteExchange } from './noted.ts'
import { PlatformApi } from './platform-api.ts'
import { readRequest } from './read-request.ts'
import type { Side, Words } from './shown.ts'
import { Subscriptions } from './subscriptions.ts'
import { handleUsers } from './users.ts'
import { createWorld, type World } from './world.ts'

export type { Misbehaviour } from './faults.ts'
export type { Received } from './http.ts'

export type SimulatorOptions = {
  /** Default: any free one. Only this machine can reach it. */
  port?: number
  /** The API key that the platform gave to the app. */
  apiKey: string
  /** What clicks are authenticated with. */
  identificationKey?: string
  /** The app's session-initialization URL. */
  sessionUrl?: string
  /** The app's dynamic-action URL and events URL. Default: `action` and `events` beside the session-initialization URL. */
  actionUrl?: string
  eventsUrl?: string
  /** The app as the platform's consent knows it. */
  app?: { slug: string; clientSecret: string; title?: Words; redirectUris?: string[] }
  /** Access tokens that are good from the start. */
  tokens?: { accessToken: string; side: Side; scopes: string[] }[]
  /**
   * `strict` refuses what the platform would refuse; `note` takes any message with a key, a token and an object for a body, and only
   * notes the rest: for tests that are about something else. Default: `note`.
   */
  checks?: 'strict' | 'note'
  /** Called with one line for each exchange, and one for each note on it, such as the reason of a refusal. */
  log?: (line: string) => void
  /** The clock that codes and tokens expire by, in ms. */
  now?: () => number
  /** Called for each send when no misbehaviour is queued; undefined for the normal answer. */
  decide?: (received: Received) => Misbehaviour | undefined
  /** Called for each send once its answer is decided, also if the answer is lost; with status 0 when there is none. */
  onSend?: (received: Received, status: number) => void
}

export type Simulator = {
  port: number
  /** The platform's origin, and the address of its page. */
  url: string
  /** Requests to the send routes, and to unknown routes. */
  received: readonly Received[]
  world: World
  grants: Grants
  conversation: Conversation
  /** Queues a misbehaviour for one send. */
  misbehave: (next: Misbehaviour) => void
  close: () => Promise<void>
}

/** Before the first decision. */
const NO_STATE = 'a-state-of-another-flow'
const TOKEN_ROUTES = new Set(['/oauth2/token', '/v1/open-platform/oauth/access_token'])
const LOCAL_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/

/**
 * Simulates Divar's chat on this machine: accepts sends on both wires, asks for consent, issues tokens, simulates clicks, shows everything on
 * a page with two phones, and misbehaves on request. It shares no code with the gateway.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const divar = new SimulatedDivar(options)
  const server = createServer((request, response) => {
    divar.serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  divar.origin = `http://127.0.0.1:${port}`
  const { api, conversation, grants } = divar
  return {
    port,
    url: divar.origin,
    received: api.received,
    world: conversation.world,
    grants,
    conversation,
    misbehave: (next) => api.misbehaviours.push(next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

class SimulatedDivar {
  origin = ''
  readonly api: PlatformApi
  readonly grants: Grants
  readonly conversation: Conversation
  readonly #options: SimulatorOptions
  readonly #events: EventSender
  readonly #subscriptions: Subscriptions
  #activeSide: Side = 'buyer'
  /** The state of the last flow with a decision. */
  #lastState = NO_STATE

  constructor(options: SimulatorOptions) {
    this.#options = options
    this.grants = new Grants({ now: options.now ?? Date.now })
    for (const token of options.tokens ?? []) this.grants.seed(token)
    const { sessionUrl = 'http://127.0.0.1:3000/divar/session' } = options
    this.conversation = new Conversation(createWorld(options.app?.title), {
      wire: 'v1',
      supplierKey: 'supplier',
      sessionUrl,
      actionUrl: options.actionUrl ?? new URL('action', sessionUrl).href,
      eventsUrl: options.eventsUrl ?? new URL('events', sessionUrl).href,
    })
    this.#subscriptions = new Subscriptions(this.grants)
    this.api = new PlatformApi(this.conversation, this.grants, this.#subscriptions, options)
    this.#events = new EventSender(this.conversation, options.identificationKey ?? '')
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Another host name is an attack from a web page (DNS rebinding).
    if (!LOCAL_HOST.test(request.headers.host ?? '')) {
      write(refuse(403, 7, 'only by the names of this machine'), response)
      return
    }
    if (!isOriginForm(request.url ?? '', this.origin)) {
      write(refuse(400, 3, 'expected a path as the target'), response)
      return
    }
    const received = await readRequest(request)
    if (received === undefined) {
      write(refuse(413, 3, 'body too large', { connection: 'close' }), response)
      return
    }
    const { pathname } = new URL(received.path, this.origin)
    // Requests from foreign pages are not recorded: `record` and `replay` would take them for the app's.
    if (isFromForeignPage(received, pathname, this.origin)) {
      write(refuse(403, 7, 'not from a page of another origin'), response)
      return
    }
    // By one name only, so that the page and the way back to it are of one origin.
    if (pathname === '/' && received.headers.host !== new URL(this.origin).host) {
      write({ status: 302, headers: { location: this.origin }, body: '' }, response)
      return
    }
    if (pathname === '/simulator/events' && received.method === 'GET') streamEvents(response, this.conversation)
    else if (pathname.startsWith('/simulator/')) write(await this.#control(received), response)
    else if (this.#consent(received, pathname, response)) return
    else if (received.method === 'POST' || /^\/(?:v\d+|experimental)\//.test(pathname))
      this.api.answer(received, this.origin, response)
    else write((await this.#file(pathname)) ?? refuse(404, 5, 'Not Found'), response)
  }

  #control(received: Received): Promise<Answer> {
    return control(received, {
      conversation: this.conversation,
      events: this.#events,
      grants: this.grants,
      subscriptions: this.#subscriptions,
      identificationKey: this.#options.identificationKey ?? '',
      ownOrigin: this.origin,
      activate: (side) => {
        this.#activeSide = side
      },
    })
  }

  async #file(pathname: string) {
    if (pathname === '/completion') return completionPage
    if (pathname === '/completion.js') return completionScript
    return pageFile(pathname)
  }

  /** Consent, tokens and users; false for other requests. */
  #consent(received: Received, pathname: string, response: ServerResponse): boolean {
    const { apiKey, app = { slug: 'demo-app', clientSecret: 'demo-client-secret' } } = this.#options
    const { world, faults } = this.conversation
    const isExchange = received.method === 'POST' && TOKEN_ROUTES.has(pathname)
    const isDecision = received.method === 'POST' && pathname === '/oauth2/auth/decision'
    const fault = isExchange ? faults.take('token') : isDecision ? faults.take('consent') : undefined
    const misbehaviour = misbehaviourOf(fault)
    const deps = {
      world,
      grants: this.grants,
      apiKey,
      activeSide: this.#activeSide,
      tokenFault: fault,
      stolenState: fault === 'stolen_state' ? this.#lastState : undefined,
    }
    if (misbehaviour && !takesEffect(misbehaviour)) {
      noteExchange(this.conversation, received, this.origin, { kind: 'token', misbehaviour }, this.#options.log)
      perform(refuse(500, 13, 'internal error'), misbehaviour, response)
      return true
    }
    if (isDecision) this.#lastState = new URLSearchParams(received.body).get('state') ?? NO_STATE
    const handled = handleOauth(received, { ...deps, app: { ...app, apiKey } }) ?? handleUsers(received, deps)
    if (handled === undefined) return false
    noteExchange(
      this.conversation,
      received,
      this.origin,
      { ...handled.entry, answer: handled.answer, misbehaviour },
      this.#options.log,
    )
    perform(handled.answer, misbehaviour, response)
    return true
  }
}
