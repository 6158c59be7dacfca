import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import type { Config, ConsentConfig } from '../config/config.ts'
import { createAuthorizationFlow, type AuthorizationFlow } from '../consent/authorization-flow.ts'
import type { GrantCodec } from '../consent/grant.ts'
import { createGrants, type Grants } from '../consent/grants.ts'
import { createRefresher, type Refresher } from '../consent/refresher.ts'
import { createTokenClient } from '../divar/token-client.ts'
import { createFetchUser, type FetchUser } from '../divar/users.ts'
import type { Logger } from '../observability/log.ts'
import { Counter } from '../observability/metrics.ts'
import type { Store } from '../store/store.ts'
import type { Shutdown } from './shutdown.ts'
import { USER_AGENT, type Divar, type Upstreams } from './upstreams.ts'

/** The parts of a gateway that asks users for consent. */
export type Consent = {
  settings: ConsentConfig
  flow: AuthorizationFlow
  grants: Grants
  refresher: Refresher
  fetchUser: FetchUser
  metrics: ConsentMetrics
}

export type ConsentMetrics = {
  refreshes: Counter
  flows: Counter
  /** Live grants at the last count; undefined while the store is unavailable. */
  grants: number | undefined
}

type ConsentParts = {
  divar: Divar
  upstreams: Upstreams
  shutdown: Shutdown
  log: Logger
  store: Store
  keyring: Keyring
  clicks: SavedClicks
  codec: GrantCodec
}

export async function openConsent(config: Config, settings: ConsentConfig, parts: ConsentParts): Promise<Consent> {
  const { store, keyring, codec, clicks, shutdown, divar, upstreams, log } = parts
  const { divarTimeoutMs: timeoutMs, divarApiKey: apiKey, divarApiUrl: url } = config
  const { publicUrl, appSlug: clientId, clientSecret, oauthUrl, scopeStyle: style } = settings
  const metrics = createConsentMetrics()
  const client = await createTokenClient({
    oauthUrl,
    host: upstreams.open(oauthUrl, timeoutMs),
    clientId,
    clientSecret,
    redirectUri: `${publicUrl}/oauth/callback`,
    timeoutMs,
    userAgent: USER_AGENT,
  })
  const refresher = createRefresher({
    store,
    codec,
    client,
    owner: newId('gw'),
    timeoutMs,
    metrics: metrics.refreshes,
    shutdownSignal: shutdown.signal,
    log,
  })
  const grants = createGrants({ store, codec, refresher, log })
  const fetchUser = createFetchUser({ url, host: divar.apiHost, apiKey, timeoutMs, userAgent: USER_AGENT, log })
  const flow = createAuthorizationFlow({ store, keyring, grants, clicks, client, fetchUser, style, publicUrl })
  return { settings, flow, grants, refresher, fetchUser, metrics }
}

function createConsentMetrics(): ConsentMetrics {
  const refreshes = new Counter('outcome')
  const flows = new Counter('outcome')
  for (const outcome of ['refreshed', 'ended', 'failed']) refreshes.init(outcome)
  for (const outcome of ['granted', 'denied', 'not_answered', 'not_allowed']) flows.init(outcome)
  return { refreshes, flows, grants: undefined }
}
