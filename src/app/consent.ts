import { newId } from '../base/id.ts'
import type { Keyring } from '../base/keyring.ts'
import type { Logger } from '../observability/log.ts'
import { Tally } from '../observability/counter.ts'
import type { GrantSafe } from '../consent/grant.ts'
import { Grants, type Chosen } from '../consent/grants.ts'
import type { KeptClicks } from '../click/saved-clicks.ts'
import { Refresher } from '../consent/refresher.ts'
import { createTokenClient } from '../divar/token-client.ts'
import { createAskUser, type AskUser } from '../divar/users.ts'
import { createWalk, type Walk } from '../consent/authorization-flow.ts'
import type { Send } from '../message/parse-message.ts'
import type { Store } from '../store/store.ts'
import type { Config, ConsentConfig } from '../config/config.ts'
import { USER_AGENT, type Divar, type OpenHost } from './divar.ts'

/** What can be counted of consent. */
export type ConsentFigures = {
  /** Label `outcome`. */
  refreshes: Tally
  walks: Tally
  /** Live ones, at the last look; unknown while the store is away. */
  grants: number | undefined
}

/** What a gateway has besides when it walks consent. */
export type Consent = {
  walk: Walk
  grants: Grants
  askUser: AskUser
  figures: ConsentFigures
  /** Why a message that is to go later would not; undefined when it would. */
  whyNot: (send: Send) => Promise<Exclude<Chosen, { kind: 'grant' | 'not_refreshed' }> | undefined>
  refresher: Refresher
}

export type ConsentParts = {
  store: Store
  keyring: Keyring
  safe: GrantSafe
  clicks: KeptClicks
  /** When the process will not wait any longer. */
  cutOff: AbortSignal
  divar: Divar
  openHost: OpenHost
  log: Logger
}

export async function openConsent(config: Config, consent: ConsentConfig, parts: ConsentParts): Promise<Consent> {
  const { store, keyring, safe, clicks, cutOff, divar, openHost, log } = parts
  const { divarTimeoutMs: timeoutMs, divarApiKey: apiKey, divarApiUrl: url } = config
  const { publicUrl, appSlug: clientId, clientSecret, oauthUrl, scopeStyle: style } = consent
  const figures: ConsentFigures = { refreshes: new Tally(), walks: new Tally(), grants: undefined }
  for (const outcome of ['refreshed', 'ended', 'failed']) figures.refreshes.expect({ outcome })
  for (const outcome of ['granted', 'denied', 'not_answered', 'not_allowed']) figures.walks.expect({ outcome })
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
    safe,
    client,
    owner: newId('gw'),
    timeoutMs,
    figures: figures.refreshes,
    cutOff,
    log,
  })
  const grants = new Grants({ store, safe, refresher, log })
  const askUser = createAskUser({ url, host: divar.apiHost, apiKey, timeoutMs, userAgent: USER_AGENT, log })
  return {
    walk: createWalk({ store, keyring, grants, clicks, client, askUser, style, publicUrl }),
    grants,
    askUser,
    figures,
    whyNot: async ({ message, sender }) => {
      const chosen = await grants.forMessage(message.address, sender)
      return chosen.kind === 'grant' || chosen.kind === 'not_refreshed' ? undefined : chosen
    },
    refresher,
  }
}
