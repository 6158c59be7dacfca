import { createKeyring } from '../base/keyring.ts'
import type { Logger } from '../observability/log.ts'
import type { Spans } from '../observability/spans.ts'
import { deliverBy } from '../consent/grants.ts'
import { createGrantCodec } from '../consent/grant.ts'
import { ConsentMaintenance } from '../consent/maintenance.ts'
import { createSavedClicks, type SavedClicks } from '../click/saved-clicks.ts'
import type { DeliverBy } from '../divar/deliver.ts'
import type { DeliveryTarget } from '../outbox/worker.ts'
import { createWebhook } from '../outbox/status-webhook.ts'
import { Outbox } from '../outbox/outbox.ts'
import { ClockWatch } from '../store/clock-watch.ts'
import { openStore } from '../store/open.ts'
import { StoreError, StoreSetupError } from '../store/store.ts'
import { StoreWatch } from '../store/store-watch.ts'
import type { Config } from '../config/config.ts'
import type { Consent } from './consent.ts'
import { USER_AGENT, type Divar, type OpenHost } from './divar.ts'

/** Notices are small, and their host is the company's own. */
const WEBHOOK_CONCURRENCY = 8
const WEBHOOK_CONNECT_MS = 5000

/** For the commits around the message that probes a rate limit, and for its token; milliseconds. */
const AROUND_A_PROBE_MS = 5000

/** What a gateway has besides when it has a store. */
export type Stored = {
  outbox: Outbox
  clicks: SavedClicks
  /** Where PUBLIC_URL is set. */
  consent: Consent | undefined
  deliver: DeliverBy
  /** Whether the store can be written to, as far as is known. */
  isUp: () => boolean
  /** Takes nothing new; resolves once everything that was on its way has ended and is committed. */
  drain: () => Promise<void>
  close: () => Promise<void>
}

export type StoredParts = {
  divar: Divar
  openHost: OpenHost
  cutOff: AbortSignal
  spans: Spans | undefined
  log: Logger
}

/**
 * Opens the store, settles what an earlier process left behind, and starts the outbox.
 * @throws StoreSetupError
 */
export async function openStored(
  config: Config,
  { divar, openHost, cutOff, spans, log }: StoredParts,
): Promise<Stored> {
  if (config.store === undefined) throw new Error('there is no store to open')
  const { database, keys, retentionMs, retry, queueLimit, webhook, backup } = config.store
  const watch = new StoreWatch(log)
  const store = await openStore(database, log, watch)
  const keyring = createKeyring(keys)
  const clock = new ClockWatch(store, log, config.store.deleteAfterStartMs)
  const clicks = createSavedClicks(store, keyring)
  const codec = createGrantCodec(keyring)
  const parts = { store, keyring, codec, clicks, shutdownSignal: cutOff, divar, openHost, log }
  const consent = config.consent && (await (await import('./consent.ts')).openConsent(config, config.consent, parts))
  const deliver = deliverBy(divar.deliver, consent?.grants)
  const targets = divar.targets(deliver)
  const outbox = new Outbox({
    store,
    clock,
    keyring,
    targets: webhook ? [...targets, webhookTarget(webhook, openHost)] : targets,
    retry,
    retentionMs,
    queueLimit,
    probeLeaseMs: config.divarTimeoutMs + AROUND_A_PROBE_MS,
    statusWebhook: webhook !== undefined,
    backup,
    spans,
    log,
  })
  const { refresher, metrics = { grants: undefined } } = consent ?? {}
  // Also without consent: it may have been set up before, and clicks are kept anyway.
  const onResealed = (grants: number) => outbox.onResealed(grants)
  const consentMaintenance = new ConsentMaintenance({ store, clock, codec, refresher, metrics, onResealed, log })
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
    throw error instanceof StoreError ? failedAtStart(error) : error
  })
  consentMaintenance.start()
  watch.start(store.ping)
  return { outbox, clicks, consent, deliver, isUp: watch.isUp, drain, close }
}

/** The store opened, and then failed: another start may find it well. */
function failedAtStart({ message, cause }: StoreError): StoreSetupError {
  return new StoreSetupError(`${message} while the gateway was starting`, cause, { isTemporary: true })
}

/** The delivery target of the status webhook. */
function webhookTarget({ url, secret }: { url: URL; secret: string }, openHost: OpenHost): DeliveryTarget {
  const deliver = createWebhook({ url, secret, host: openHost(url, WEBHOOK_CONNECT_MS), userAgent: USER_AGENT })
  return {
    wires: ['webhook'],
    concurrency: WEBHOOK_CONCURRENCY,
    deliver,
    capacity: () => Infinity,
    opensInMs: () => 0,
  }
}
