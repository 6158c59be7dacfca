import { newId } from '../base/id.ts'
import { createKeyring, type Keyring } from '../base/keyring.ts'
import { createSavedClicks, type SavedClicks } from '../click/saved-clicks.ts'
import type { Config, ConsentConfig, StoreConfig } from '../config/config.ts'
import { createAuthorizationFlow, type AuthorizationFlow } from '../consent/authorization-flow.ts'
import { createGrantCodec, type GrantCodec } from '../consent/grant.ts'
import { createEraseConsent } from '../consent/erase-consent.ts'
import { createDeliverBy } from '../consent/deliver-by.ts'
import { createGrants, type Grants } from '../consent/grants.ts'
import { createConsentMaintenance } from '../consent/maintenance.ts'
import { createRefresher, type Refresher } from '../consent/refresher.ts'
import { createTokenClient } from '../divar/token-client.ts'
import { createFetchUser, type FetchUser } from '../divar/users.ts'
import { createEraseUser, type EraseUser } from '../erasure/erase-user.ts'
import type { Logger } from '../observability/log.ts'
import { Counter } from '../observability/metrics.ts'
import type { Spans } from '../observability/trace.ts'
import { createEventWebhook } from '../outbox/event-payload.ts'
import { createOutbox, type Outbox } from '../outbox/outbox.ts'
import { createWebhook } from '../outbox/status-webhook.ts'
import type { DeliveryTarget } from '../outbox/worker.ts'
import { ClockWatch } from '../store/clock-watch.ts'
import { openStore } from '../store/open.ts'
import { StoreWatch } from '../store/store-watch.ts'
import { StoreError, StoreSetupError, type Store } from '../store/store.ts'
import type { Shutdown } from './shutdown.ts'
import { USER_AGENT, type Divar, type Upstreams } from './upstreams.ts'

const WEBHOOK_CONCURRENCY = 8
const EVENTS_CONCURRENCY = 16
const WEBHOOK_CONNECT_MS = 5000

/** Beyond DIVAR_TIMEOUT_MS: for the commits around a message that probes a rate limit, and for its token. */
const PROBE_MARGIN_MS = 5000

/** The parts of a gateway with a store. */
export type Stored = {
  outbox: Outbox
  clicks: SavedClicks
  /** Undefined without PUBLIC_URL. */
  consent: Consent | undefined
  eraseUser: EraseUser
  /** Whether the store could be written to at the last check. */
  isUp: () => boolean
  /** Starts no new work; resolves once running work is committed. */
  drain: () => Promise<void>
  close: () => Promise<void>
}

type StoredParts = { divar: Divar; upstreams: Upstreams; shutdown: Shutdown; spans: Spans | undefined; log: Logger }

/**
 * Opens the store, settles what an earlier process left behind, and starts the outbox.
 * @throws StoreSetupError
 */
export async function openStored(config: Config, settings: StoreConfig, parts: StoredParts): Promise<Stored> {
  const { divar, upstreams, spans, log } = parts
  const { retentionMs, retry, queueLimit, webhook, events, backup } = settings
  const watch = new StoreWatch(log)
  const store = await openStore(settings.database, log, watch)
  const keyring = createKeyring(settings.keys)
  const clock = new ClockWatch(store, log, settings.deleteAfterStartMs)
  const clicks = createSavedClicks(store, keyring)
  const codec = createGrantCodec(keyring)
  const consent =
    config.consent && (await openConsent(config, config.consent, { ...parts, store, keyring, clicks, codec }))
  const outbox = createOutbox({
    store,
    clock,
    keyring,
    targets: [
      ...divar.targets(createDeliverBy(divar.deliver, consent?.grants)),
      ...(webhook ? [webhookTarget(webhook, upstreams)] : []),
      ...(events ? [eventsTarget(events, upstreams)] : []),
    ],
    retry,
    retentionMs,
    queueLimit,
    eventsQueueLimit: events?.queueLimit,
    probeLeaseMs: config.divarTimeoutMs + PROBE_MARGIN_MS,
    statusWebhook: webhook !== undefined,
    backup,
    spans,
    log,
  })
  // Also without consent, as above: grants of earlier may be left.
  const eraseUser = createEraseUser({
    ...createEraseConsent({ store, codec, keyring, log }),
    eraseMessages: outbox.eraseMessages,
    isStopping: () => parts.shutdown.isDraining,
    log,
  })
  const { refresher, metrics = { grants: undefined } } = consent ?? {}
  // Also without consent: it may have been set up before, and clicks are saved anyway.
  const onResealed = (grants: number) => outbox.onResealed(grants)
  const consentMaintenance = createConsentMaintenance({ store, clock, codec, refresher, metrics, onResealed, log })
  watch.onAway = () => {
    outbox.forgetStoreMetrics()
    metrics.grants = undefined
  }
  watch.onBack = () => {
    void Promise.all([outbox.readStoreMetrics(), consentMaintenance.count()])
  }
  const drain = async () => {
    await Promise.all([outbox.drain(), consentMaintenance.stop()])
    await refresher?.idle()
  }
  const close = async () => {
    watch.stop()
    await outbox.close()
    await consentMaintenance.stop()
    await refresher?.idle()
    await store.close()
  }
  await outbox.start().catch(async (error: unknown) => {
    await close()
    if (!(error instanceof StoreError)) throw error
    throw new StoreSetupError(`${error.message} while the gateway was starting`, error.cause, { isTemporary: true })
  })
  consentMaintenance.start()
  watch.start(store.ping)
  return { outbox, clicks, consent, eraseUser, isUp: watch.isUp, drain, close }
}

function webhookTarget({ url, secret }: { url: URL; secret: string }, upstreams: Upstreams): DeliveryTarget {
  const host = upstreams.open(url, WEBHOOK_CONNECT_MS)
  return {
    wires: ['webhook'],
    concurrency: WEBHOOK_CONCURRENCY,
    deliver: createWebhook({ url, secret, host, userAgent: USER_AGENT }),
    capacity: () => Infinity,
    opensInMs: () => 0,
  }
}

function eventsTarget({ url, secret }: { url: URL; secret: string }, upstreams: Upstreams): DeliveryTarget {
  const { host, breaker } = upstreams.openEvents(url, WEBHOOK_CONNECT_MS)
  const deliver = createEventWebhook({ url, secret, host, userAgent: USER_AGENT })
  return {
    wires: ['event'],
    concurrency: EVENTS_CONCURRENCY,
    deliver: (...delivery) => breaker.run(() => deliver(...delivery)),
    capacity: breaker.capacity,
    opensInMs: breaker.opensInMs,
  }
}

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

type ConsentParts = StoredParts & { store: Store; keyring: Keyring; clicks: SavedClicks; codec: GrantCodec }

async function openConsent(config: Config, settings: ConsentConfig, parts: ConsentParts): Promise<Consent> {
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
