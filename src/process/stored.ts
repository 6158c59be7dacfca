import { createKeyring } from '../base/keyring.ts'
import type { Logger } from '../base/log.ts'
import { deliverBy } from '../consent/deliver-on-grant.ts'
import { createKeptClicks, type KeptClicks } from '../consent/kept-clicks.ts'
import type { DeliverBy } from '../delivery/credential.ts'
import type { Lane } from '../outbox/lane.ts'
import { createWebhook } from '../outbox/notice.ts'
import { Outbox } from '../outbox/outbox.ts'
import { openStore } from '../store/open.ts'
import type { Config } from './config.ts'
import type { Consent } from './consent.ts'
import { USER_AGENT, type Divar, type OpenHost } from './divar.ts'

/** Notices are small, and their host is the company's own. */
const WEBHOOK_PLACES = 8
const WEBHOOK_CONNECT_MS = 5000

/** What a gateway has besides when it has a store. */
export type Stored = {
  outbox: Outbox
  clicks: KeptClicks
  /** Where PUBLIC_URL is set. */
  consent: Consent | undefined
  deliver: DeliverBy
  /** Resolves when the store answers. */
  ping: () => Promise<void>
  close: () => Promise<void>
}

/**
 * Opens the store, settles what an earlier process left behind, and begins to carry what is owed.
 * @throws StoreSetupError
 */
export async function openStored(config: Config, divar: Divar, openHost: OpenHost, log: Logger): Promise<Stored> {
  if (config.store === undefined) throw new Error('there is no store to open')
  const { database, keys, retentionMs, retry, queueLimit, webhook, backup } = config.store
  const store = await openStore(database, log)
  const keyring = createKeyring(keys)
  const clicks = createKeptClicks(store, keyring)
  const parts = { store, keyring, clicks, divar, openHost, log }
  const consent = config.consent && (await (await import('./consent.ts')).openConsent(config, config.consent, parts))
  const deliver = deliverBy(divar.deliver, consent?.grants)
  const lanes = divar.lanes(deliver)
  const outbox = new Outbox({
    store,
    keyring,
    lanes: webhook ? [...lanes, webhookLane(webhook, openHost)] : lanes,
    retry,
    retentionMs,
    queueLimit,
    notices: webhook !== undefined,
    backup,
    log,
  })
  const close = async () => {
    await outbox.close()
    await consent?.close()
    await store.close()
  }
  await outbox.start().catch(async (error: unknown) => {
    await close()
    throw error
  })
  consent?.start()
  return { outbox, clicks, consent, deliver, ping: store.ping, close }
}

/** The lane to the company's own service that wants to know how messages end. */
function webhookLane({ url, secret }: { url: URL; secret: string }, openHost: OpenHost): Lane {
  const deliver = createWebhook({ url, secret, host: openHost(url, WEBHOOK_CONNECT_MS), userAgent: USER_AGENT })
  return {
    wires: ['webhook'],
    places: WEBHOOK_PLACES,
    deliver: (_wire, id, content) => deliver(id, content),
    capacity: () => Infinity,
    opensInMs: () => 0,
  }
}
