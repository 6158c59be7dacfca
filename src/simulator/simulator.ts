import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { control, streamEvents } from './control.ts'
import { Conversation } from './conversation.ts'
import { EventSender } from './events.ts'
import { misbehaviourOf, perform, takesEffect, write, type Misbehaviour } from './faults.ts'
import { Grants } from './grants.ts'
import { HostNames, isLoopbackAddress } from './host-names.ts'
import { answerJson, refuse, type Answer, type Received } from './http.ts'
import { handleOauth } from './oauth.ts'
import { completionPage, completionScript, pageFile } from './page-files.ts'
import { isFromForeignPage, isOriginForm } from './guard.ts'
import { linesOf, noteExchange } from './noted.ts'
import type { SimulatorOptions } from './options.ts'
import { PlatformApi } from './platform-api.ts'
import { isTooDeep, readRequest } from './read-request.ts'
import { SAMPLE_LANDING_PATH, sampleLanding } from './sample-landing.ts'
import { MAX_SESSION_BYTES } from './saved-session.ts'
import type { Side } from './shown.ts'
import { Subscriptions } from './subscriptions.ts'
import { handleUsers } from './users.ts'
import { createWorld, type World } from './world.ts'

export type { Misbehaviour } from './faults.ts'
export type { Received } from './http.ts'
export type { SimulatorOptions } from './options.ts'

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

const DEFAULT_HOST = '127.0.0.1'
/** Before the first decision. */
const NO_STATE = 'a-state-of-another-flow'
const TOKEN_ROUTES = new Set(['/oauth2/token', '/v1/open-platform/oauth/access_token'])
/** A restart of the app takes a few seconds on a busy machine. */
const READY_TIMEOUT_MS = 20_000

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
    server.once('error', reject).listen(options.port ?? 0, options.host ?? DEFAULT_HOST, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  divar.origin = `http://${divar.hostNames.shown}:${port}`
  const { api, conversation, grants } = divar
  const { log } = options
  if (log) {
    conversation.watch(({ event, data }) => {
      if (event === 'entry') for (const line of linesOf(data, divar.origin)) log(line)
    })
  }
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
  readonly hostNames: HostNames
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
    this.hostNames = new HostNames(options.host ?? DEFAULT_HOST, options.allowedHosts ?? [])
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
    const calledAt = this.hostNames.originOf(request.headers.host)
    if (calledAt === undefined) {
      write(refuse(403, 7, 'only by the names of this machine, and by allowed hosts'), response)
      return
    }
    if (!isOriginForm(request.url ?? '', this.origin)) {
      write(refuse(400, 3, 'expected a path as the target'), response)
      return
    }
    const received = await readRequest(request, request.url === '/simulator/session' ? MAX_SESSION_BYTES : undefined)
    if (received === undefined) {
      write(refuse(413, 3, 'body too large', { connection: 'close' }), response)
      return
    }
    const { pathname, searchParams } = new URL(received.path, this.origin)
    // Requests from foreign pages are not recorded: `record` and `replay` would take them for the app's.
    if (isFromForeignPage(received, pathname, calledAt)) {
      write(refuse(403, 7, 'not from a page of another origin'), response)
      return
    }
    if (isTooDeep(received.body)) {
      const error = 'The body is nested too deep.'
      write(pathname.startsWith('/simulator/') ? answerJson({ error }, 400) : refuse(400, 3, error), response)
      return
    }
    // By one name only, so that the page and the way back to it are of one origin.
    if (pathname === '/' && calledAt !== this.origin && this.hostNames.isLocal(calledAt)) {
      write({ status: 302, headers: { location: this.origin }, body: '' }, response)
      return
    }
    if (pathname === '/simulator/events' && received.method === 'GET') streamEvents(response, this.conversation)
    else if (pathname.startsWith('/simulator/'))
      write(await this.#control(received, this.#isOnThisMachine(request, calledAt)), response)
    else if (this.#consent(received, pathname, response)) return
    else if (received.method === 'POST' || /^\/(?:v\d+|experimental)\//.test(pathname))
      this.api.answer(received, this.origin, response)
    else write((await this.#file(pathname, searchParams)) ?? refuse(404, 5, 'Not Found'), response)
  }

  /** A key is shown to this machine alone. A tunnel or a proxy on it passes on the name by which it was called itself. */
  #isOnThisMachine({ socket }: IncomingMessage, calledAt: string): boolean {
    return isLoopbackAddress(socket.remoteAddress) && this.hostNames.isLocal(calledAt)
  }

  async #control(received: Received, isOnThisMachine: boolean): Promise<Answer> {
    // Most of what is asked for calls the app: clicks, events, requests that are sent again.
    if (received.method === 'POST') await this.#ready()
    const { gateway } = this.#options
    return control(received, {
      conversation: this.conversation,
      events: this.#events,
      grants: this.grants,
      subscriptions: this.#subscriptions,
      identificationKey: this.#options.identificationKey ?? '',
      ownOrigin: this.origin,
      gateway,
      shownGateway: isOnThisMachine ? gateway : gateway && { url: gateway.url },
      userTokens: new Map(this.#options.tokens?.map(({ side, accessToken }) => [side, accessToken])),
      ready: () => this.#ready(),
      activate: (side) => {
        this.#activeSide = side
      },
    })
  }

  /** Why the app cannot be called; undefined when it can be, or when that is not known in time. */
  async #ready(): Promise<string | undefined> {
    const { ready } = this.#options
    if (ready === undefined) return undefined
    const enough = new AbortController()
    const { signal } = enough
    const late = sleep(READY_TIMEOUT_MS, undefined, { signal }).catch(() => undefined)
    return Promise.race([ready(), late]).finally(() => {
      enough.abort()
    })
  }

  async #file(pathname: string, query: URLSearchParams) {
    if (pathname === '/completion') return completionPage
    if (pathname === SAMPLE_LANDING_PATH) return sampleLanding(query)
    if (pathname === '/completion.js') return completionScript
    return pageFile(pathname, this.#options.gateway?.docsUrl)
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
      noteExchange(this.conversation, received, this.origin, { kind: 'token', misbehaviour })
      perform(refuse(500, 13, 'internal error'), misbehaviour, response)
      return true
    }
    if (isDecision) this.#lastState = new URLSearchParams(received.body).get('state') ?? NO_STATE
    const handled = handleOauth(received, { ...deps, app: { ...app, apiKey } }) ?? handleUsers(received, deps)
    if (handled === undefined) return false
    noteExchange(this.conversation, received, this.origin, { ...handled.entry, answer: handled.answer, misbehaviour })
    perform(handled.answer, misbehaviour, response)
    return true
  }
}
