import type { Logger } from '../observability/log.ts'
import { createBreaker, createDeliver, wireOf, type Breaker, type Deliver, type DeliverBy } from '../divar/deliver.ts'
import type { Host } from '../outbound/host.ts'
import type { DeliveryTarget } from '../outbox/worker.ts'
import { readPayload } from '../outbox/payload.ts'
import type { Config } from '../config/config.ts'
import { VERSION } from '../base/version.ts'
import type { BreakerState } from '../outbound/breaker.ts'

export const USER_AGENT = `kenar-chat-gateway/${VERSION}`

export type OpenHost = (url: URL, timeoutMs: number) => Host

/** Divar's one or two hosts, each behind its breaker: for synchronous sends, and as delivery targets of the outbox. */
export type Divar = {
  deliver: Deliver
  /** The outbox's delivery targets, given how a message gets its token. */
  targets: (deliver: DeliverBy) => DeliveryTarget[]
  /** Of v2, for whatever else is asked there; its breaker is for messages. */
  apiHost: Host
  breakers: BreakerReading[]
}

export function reachDivar(config: Config, openHost: OpenHost, log: Logger): Divar {
  const { divarV1ApiUrl: v1Url, divarApiUrl: v2Url, divarTimeoutMs: timeoutMs, divarApiKey: apiKey } = config
  const v1 = guard(openHost(v1Url, timeoutMs), v1Url, log)
  const v2 = v1Url.origin === v2Url.origin ? v1 : guard(openHost(v2Url, timeoutMs), v2Url, log)
  const deliverOnce = createDeliver({
    v1: { url: v1Url, host: v1.host },
    v2: { url: v2Url, host: v2.host },
    apiKey,
    timeoutMs,
    userAgent: USER_AGENT,
  })
  const breakers = { v1: v1.breaker, v2: v2.breaker }
  const deliver: Deliver = (message, token, trace) =>
    breakers[wireOf(message.address)].run(() => deliverOnce(message, token, trace))
  const targetOf = (
    wires: DeliveryTarget['wires'],
    { capacity, opensInMs }: Breaker,
    deliverPayload: DeliverBy,
  ): DeliveryTarget => ({
    wires,
    concurrency: config.store?.concurrency ?? 0,
    deliver: (_id, content, trace) => {
      const { message, credential } = readPayload(content)
      return deliverPayload(message, credential, trace)
    },
    capacity,
    opensInMs,
  })
  const targets = (by: DeliverBy) =>
    v1 === v2
      ? [targetOf(['v1', 'v2'], v1.breaker, by)]
      : [targetOf(['v1'], v1.breaker, by), targetOf(['v2'], v2.breaker, by)]
  const guarded = v1 === v2 ? [v1] : [v1, v2]
  return {
    deliver,
    targets,
    apiHost: v2.host,
    breakers: guarded.map(({ origin, breaker }) => ({ host: origin, state: breaker.state })),
  }
}

function guard(host: Host, { origin }: URL, log: Logger) {
  return { origin, host, breaker: createBreaker({ onChange: logBreaker(origin, log) }) }
}

/** A breaker's host and state. */
export type BreakerReading = { host: string; state: () => BreakerState }

/** Logs each change of state. */
export function logBreaker(host: string, log: Logger): (state: BreakerState) => void {
  return (state) => {
    log[state === 'open' ? 'error' : 'info']({ event: `breaker.${state}`, host })
  }
}
