import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import type { Logger } from '../observability/log.ts'
import { Counter } from '../observability/metrics.ts'
import type { GrantCodec } from '../consent/grant.ts'
import { Grants, type GrantChoice } from '../consent/grants.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import { Refresher } from '../consent/refresher.ts'
import { createTokenClient } from '../divar/token-client.ts'
import { createFetchUser, type FetchUser } from '../divar/users.ts'
import { createAuthorizationFlow, type AuthorizationFlow } from '../consent/authorization-flow.ts'
import type { Send } from '../message/parse-message.ts'
import type { Store } from '../store/store.ts'
import type { Config, ConsentConfig } from '../config/config.ts'
import { USER_AGENT, type Divar, type OpenHost } from './divar.ts'

/** Counts for /metrics. */
export type ConsentMetrics = {
  /** Label `outcome`. */
  refreshes: Counter
  flows: Counter
  /** Live grants at the last count; undefined while the store is unavailable. */
  grants: number | undefined
}

/** The parts of a gateway with consent. */
export type Consent = {
  flow: AuthorizationFlow
  grants: Grants
  fetchUser: FetchUser
  metrics: ConsentMetrics
  /** Why no grant covers a message; undefined when one does. */
  findGrantProblem: (send: Send) => Promise<Exclude<GrantChoice, { kind: 'grant' | 'not_refreshed' }> | undefined>
  refresher: Refresher
}

export type ConsentParts = {
  store: Store
  keyring: Keyring
  codec: GrantCodec
  clicks: SavedClicks
  /** Aborted when the shutdown grace is over. */
  shutdownSignal: AbortSignal
  divar: Divar
  openHost: OpenHost
  log: Logger
}

export async function openConsent(config: Config, consent: ConsentConfig, parts: ConsentParts): Promise<Consent> {
  const { store, keyring, codec, clicks, shutdownSignal, divar, openHost, log } = parts
  const { divarTimeoutMs: timeoutMs, divarApiKey: apiKey, divarApiUrl: url } = config
  const { publicUrl, appSlug: clientId, clientSecret, oauthUrl, scopeStyle: style } = consent
  const metrics: ConsentMetrics = {
    refreshes: new Counter('outcome'),
    flows: new Counter('outcome'),
    grants: undefined,
  }
  for (const outcome of ['refreshed', 'ended', 'failed']) metrics.refreshes.init(outcome)
  for (const outcome of ['granted', 'denied', 'not_answered', 'not_allowed']) metrics.flows.init(outcome)
  const client = await createTokenClient({
    oauthUrl,
    host: openHost(oauthUrl, timeoutMs),
    clientId,
    clientSecret,
    redirectUri: `${publicUrl}/oauth/callback`,
    timeoutMs,
    userAgent: USER_AGENT,
  })
  const refresher = new Refresher({
    store,
    codec,
    client,
    owner: newId('gw'),
    timeoutMs,
    metrics: metrics.refreshes,
    shutdownSignal,
    log,
  })
  const grants = new Grants({ store, codec, refresher, log })
  const fetchUser = createFetchUser({ url, host: divar.apiHost, apiKey, timeoutMs, userAgent: USER_AGENT, log })
  return {
    flow: createAuthorizationFlow({ store, keyring, grants, clicks, client, fetchUser, style, publicUrl }),
    grants,
    fetchUser,
    metrics,
    findGrantProblem: async ({ message, sender }) => {
      const choice = await grants.forMessage(message.address, sender)
      return choice.kind === 'grant' || choice.kind === 'not_refreshed' ? undefined : choice
    },
    refresher,
  }
}
