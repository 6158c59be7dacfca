import { VERSION } from '../base/version.ts'
import type { Config } from '../config/config.ts'
import { createBreaker, createDeliver, type Deliver, type DivarHost } from '../divar/deliver.ts'
import { createSubscribe, type Subscribe } from '../divar/subscribe.ts'
import type { Logger } from '../observability/log.ts'
import type { Spans } from '../observability/trace.ts'
import type { BreakerState } from '../outbound/breaker.ts'
import { createHost, type Host } from '../outbound/host.ts'
import { createBreaker as createPlatformBreaker, createCallDivar, type CallDivar } from '../platform/call-divar.ts'
import type { DeliveryTarget } from '../outbox/worker.ts'
import { withBreaker } from '../resolver/forward.ts'

export const USER_AGENT = `kenar-chat-gateway/${VERSION}`

/** Sockets to each of Divar's hosts beyond the outbox's concurrency, so that a full outbox does not delay synchronous sends. */
const SYNCHRONOUS_SOCKETS = 64
/** Sockets to Divar that only platform calls use. */
const PLATFORM_SOCKETS = 32
/** The label of its breaker. */
const EVENTS_HOST = 'EVENTS_URL'

export type BreakerReading = { host: string; state: () => BreakerState }

/** Opens the hosts that the gateway calls, and keeps them to destroy them. */
export class Upstreams {
  readonly breakers: BreakerReading[] = []
  readonly #hosts: Host[] = []
  readonly #log: Logger
  readonly #spans: Spans | undefined

  constructor(log: Logger, spans?: Spans) {
    this.#log = log
    this.#spans = spans
  }

  open({ origin }: URL, connectTimeoutMs: number, maxSockets?: number): Host {
    const host = createHost(origin, connectTimeoutMs, this.#spans, maxSockets)
    this.#hosts.push(host)
    return host
  }

  /** The service of RESOLVER_URL or ACTION_URL, behind a breaker of its own: neither waits because the other fails. */
  openResolver(url: URL, connectTimeoutMs: number): Host {
    const { host, state } = withBreaker(this.open(url, connectTimeoutMs), this.#logChanges(url.origin))
    this.breakers.push({ host: url.origin, state })
    return host
  }

  /** One of Divar's hosts. Its breaker is for messages. */
  openDivar(url: URL, connectTimeoutMs: number, maxSockets: number): DivarHost {
    const breaker = createBreaker({ onChange: this.#logChanges(url.origin) })
    this.breakers.push({ host: url.origin, state: breaker.state })
    return { url, host: this.open(url, connectTimeoutMs, maxSockets), breaker }
  }

  /** Divar's host for platform calls, with sockets and a breaker of their own: neither can hold up messages. */
  openPlatformCalls(url: URL, connectTimeoutMs: number) {
    const name = `${url.origin}, platform calls`
    const breaker = createPlatformBreaker({ onChange: this.#logChanges(name) })
    this.breakers.push({ host: name, state: breaker.state })
    return { url, host: this.open(url, connectTimeoutMs, PLATFORM_SOCKETS), breaker }
  }

  /** The service that receives events. Its breaker has a name of its own, since its host may be the resolver's too. */
  openEvents(url: URL, connectTimeoutMs: number): DivarHost {
    const breaker = createBreaker({ onChange: this.#logChanges(EVENTS_HOST) })
    this.breakers.push({ host: EVENTS_HOST, state: breaker.state })
    return { url, host: this.open(url, connectTimeoutMs), breaker }
  }

  /** Aborts running calls. */
  async destroy(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.destroy()))
  }

  #logChanges(host: string): (state: BreakerState) => void {
    return (state) => {
      this.#log[state === 'open' ? 'error' : 'info']({ event: `breaker.${state}`, host })
    }
  }
}

/** Divar's one or two hosts: for synchronous sends, and as delivery targets of the outbox. */
export type Divar = {
  deliver: Deliver
  /** Platform calls, to the host of v2. */
  call: CallDivar
  /** Registers subscriptions, at the host of v2. */
  subscribe: Subscribe
  /** The outbox's delivery targets, given how they deliver. */
  targets: (deliver: DeliveryTarget['deliver']) => DeliveryTarget[]
  /** The host of v2 and of bot messages, for all other calls. */
  apiHost: Host
}

export function createDivar(config: Config, upstreams: Upstreams): Divar {
  const { divarV1ApiUrl: v1Url, divarApiUrl: v2Url, divarTimeoutMs: timeoutMs, divarApiKey: apiKey } = config
  const { outboxConcurrency: concurrency } = config
  const maxSockets = concurrency + SYNCHRONOUS_SOCKETS
  const v1 = upstreams.openDivar(v1Url, timeoutMs, maxSockets)
  const isSameHost = v1Url.origin === v2Url.origin
  const v2 = isSameHost ? { ...v1, url: v2Url } : upstreams.openDivar(v2Url, timeoutMs, maxSockets)
  const targetOf = (
    wires: DeliveryTarget['wires'],
    { breaker }: DivarHost,
    deliver: DeliveryTarget['deliver'],
  ): DeliveryTarget => ({
    wires,
    concurrency,
    deliver,
    capacity: breaker.capacity,
    opensInMs: breaker.opensInMs,
  })
  return {
    deliver: createDeliver({ v1, v2, apiKey, timeoutMs, userAgent: USER_AGENT }),
    call: createCallDivar({ ...upstreams.openPlatformCalls(v2Url, timeoutMs), apiKey, userAgent: USER_AGENT }),
    subscribe: createSubscribe({ url: v2Url, host: v2.host, apiKey, timeoutMs, userAgent: USER_AGENT }),
    targets: (deliver) =>
      isSameHost
        ? [targetOf(['v1', 'v2', 'bot'], v1, deliver)]
        : [targetOf(['v1'], v1, deliver), targetOf(['v2', 'bot'], v2, deliver)],
    apiHost: v2.host,
  }
}
