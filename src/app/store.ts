import { createKeyring } from '../base/keyring.ts'
import { createSavedClicks, type SavedClicks } from '../click/saved-clicks.ts'
import type { Config, StoreConfig } from '../config/config.ts'
import { createGrantCodec } from '../consent/grant.ts'
import { createEraseConsent } from '../consent/erase-consent.ts'
import { createDeliverBy } from '../consent/deliver-by.ts'
import { createConsentMaintenance } from '../consent/maintenance.ts'
import type { DeliverBy } from '../divar/deliver.ts'
import { createEraseUser, type EraseUser } from '../erasure/erase-user.ts'
import type { Logger } from '../observability/log.ts'
import type { Spans } from '../observability/trace.ts'
// The HTTP client is loaded before an attempt is committed as begun, not after.
import '../outbound/pool.ts'
import { createMessageActs, type MessageActs } from '../messages/message-acts.ts'
import { createEventWebhook } from '../outbox/events.ts'
import { createOutbox, type Outbox } from '../outbox/outbox.ts'
import { Pacing } from '../outbox/pacing.ts'
import { payloadDelivery } from '../outbox/payload.ts'
import { createWebhook, type WebhookOptions } from '../outbox/webhooks.ts'
import type { DeliveryTarget } from '../outbox/worker.ts'
import { Notes } from '../timeline/notes.ts'
import { createTimeline } from '../timeline/timeline.ts'
import { ClockWatch } from '../store/clock-watch.ts'
import { openStore } from '../store/open.ts'
import { StoreWatch } from '../store/store-watch.ts'
import { StoreError, StoreSetupError } from '../store/store.ts'
import { openConsent, type Consent } from './consent.ts'
import { storeReadings, type StoreReadings } from './readings.ts'
import type { Shutdown } from './shutdown.ts'
import { openSubscriptions, type SubscriptionParts } from './subscriptions.ts'
import { USER_AGENT, type Divar, type Upstreams } from './upstreams.ts'

const WEBHOOK_CONCURRENCY = 8
const EVENTS_CONCURRENCY = 16
const WEBHOOK_CONNECT_MS = 5000

/** Beyond DIVAR_TIMEOUT_MS: for the commits around a message that probes a rate limit, and for its token. */
const PROBE_MARGIN_MS = 5000

/** The parts of a gateway with a store. */
export type Stored = {
  outbox: Outbox
  /** Undefined without limits of the app's own. */
  pacing: Pacing | undefined
  messageActs: MessageActs
  /** What needs an operator, as far as the store and its parts know. */
  readings: StoreReadings
  timeline: ReturnType<typeof createTimeline>
  /** Undefined with TIMELINE_DAYS=0. */
  notes: Notes | undefined
  clicks: SavedClicks
  /** Undefined without PUBLIC_URL. */
  consent: Consent | undefined
  subscriptions: Pick<SubscriptionParts, 'subscriptions' | 'metrics'>
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
  const { retentionMs, timelineMs, retry, queueLimit, sendLimits: limits, webhook, events, backup } = settings
  const watch = new StoreWatch(log)
  const store = await openStore(settings.database, log, watch)
  const keyring = createKeyring(settings.keys)
  const clock = new ClockWatch(store, log, settings.deleteAfterStartMs)
  const clicks = createSavedClicks(store, keyring)
  const codec = createGrantCodec(keyring)
  const consent =
    config.consent && (await openConsent(config, config.consent, { ...parts, store, keyring, clicks, codec }))
  const notes = timelineMs > 0 ? new Notes(store, keyring, log) : undefined
  const pacing = limits && new Pacing({ store, limits, log })
  // Each delivery's own: its first request was counted when the message was claimed.
  const deliverQueued: DeliverBy = (...delivery) => {
    const deliver = pacing ? pacing.counting(divar.deliver, { isCounted: true }) : divar.deliver
    return createDeliverBy(deliver, consent?.grants)(...delivery)
  }
  const outbox = createOutbox({
    store,
    clock,
    keyring,
    targets: [
      ...divar.targets(payloadDelivery(deliverQueued)),
      ...(webhook ? [webhookTarget(webhook, upstreams)] : []),
      ...(events ? [eventsTarget(events, upstreams)] : []),
    ],
    retry,
    retentionMs,
    timelineMs,
    noteNotice: notes?.noteNotice,
    queueLimit,
    eventsQueueLimit: events?.queueLimit,
    probeLeaseMs: config.divarTimeoutMs + PROBE_MARGIN_MS,
    pacing,
    statusWebhook: webhook !== undefined,
    backup,
    spans,
    log,
  })
  const onResealed = (rows: number) => outbox.onResealed(rows)
  const subscriptions = openSubscriptions(config, { store, keyring, codec, consent, divar, onResealed, log })
  // Also without consent, as above: grants of earlier may be left.
  const eraseUser = createEraseUser({
    ...createEraseConsent({ store, codec, keyring, log }),
    eraseMessages: outbox.eraseMessages,
    eraseSubscriptions: subscriptions.erase,
    isStopping: () => parts.shutdown.isDraining,
    log,
  })
  const { refresher, metrics = { grants: undefined } } = consent ?? {}
  // Also without consent: it may have been set up before, and clicks are saved anyway.
  const consentMaintenance = createConsentMaintenance({ store, clock, codec, refresher, metrics, onResealed, log })
  watch.onAway = () => {
    outbox.forgetStoreMetrics()
    metrics.grants = undefined
    subscriptions.metrics.subscriptions = undefined
  }
  watch.onBack = () => {
    void Promise.all([outbox.readStoreMetrics(), consentMaintenance.count(), subscriptions.count()])
  }
  const drain = async () => {
    await Promise.all([subscriptions.drain(), outbox.drain(), consentMaintenance.stop()])
    await refresher?.idle()
  }
  const close = async () => {
    watch.stop()
    await subscriptions.close()
    await outbox.close()
    await consentMaintenance.stop()
    await refresher?.idle()
    await notes?.flush()
    await store.close()
  }
  await outbox.start().catch(async (error: unknown) => {
    await close()
    if (!(error instanceof StoreError)) throw error
    throw new StoreSetupError(`${error.message} while the gateway was starting`, error.cause, { isTemporary: true })
  })
  consentMaintenance.start()
  subscriptions.start()
  watch.start(store.ping)
  const acts = createMessageActs(outbox)
  const messageActs = {
    ...acts,
    retryMessages: parts.shutdown.track(acts.retryMessages),
    cancelMessages: parts.shutdown.track(acts.cancelMessages),
  }
  const readings = storeReadings({ store, outbox, pacing, codec, subscriptions, watch, backup, notes })
  const timeline = createTimeline(store, keyring)
  return {
    outbox,
    pacing,
    messageActs,
    readings,
    timeline,
    notes,
    clicks,
    consent,
    subscriptions,
    eraseUser,
    isUp: watch.isUp,
    drain,
    close,
  }
}

type SignedTarget = Pick<WebhookOptions, 'url' | 'secrets'>

function webhookTarget({ url, secrets }: SignedTarget, upstreams: Upstreams): DeliveryTarget {
  const host = upstreams.open(url, WEBHOOK_CONNECT_MS)
  return {
    wires: ['webhook'],
    concurrency: WEBHOOK_CONCURRENCY,
    deliver: createWebhook({ url, secrets, host, userAgent: USER_AGENT }),
    capacity: () => Infinity,
    opensInMs: () => 0,
  }
}

function eventsTarget({ url, secrets }: SignedTarget, upstreams: Upstreams): DeliveryTarget {
  const { host, breaker } = upstreams.openEvents(url, WEBHOOK_CONNECT_MS)
  const deliver = createEventWebhook({ url, secrets, host, userAgent: USER_AGENT })
  return {
    wires: ['event'],
    concurrency: EVENTS_CONCURRENCY,
    deliver: (...delivery) => breaker.run(() => deliver(...delivery)),
    capacity: breaker.capacity,
    opensInMs: breaker.opensInMs,
  }
}
