import { createKeyring } from '../base/keyring.ts'
import type { Logger } from '../base/log.ts'
import type { Lane } from '../outbox/lane.ts'
import { createWebhook } from '../outbox/notice.ts'
import { Outbox } from '../outbox/outbox.ts'
import { openStore } from '../store/open.ts'
import type { Config } from './config.ts'
import { USER_AGENT, type Divar, type OpenHost } from './divar.ts'

/** Notices are small, and their host is the company's own. */
const WEBHOOK_PLACES = 8
const WEBHOOK_CONNECT_MS = 5000

/** What a gateway has besides when it has a store. */
export type Stored = {
  outbox: Outbox
  /** Resolves when the store answers. */
  ping: () => Promise<void>
  close: () => Promise<void>
}

/**
 * Opens the store, settles what an earlier process left behind, and begins to carry what is owed.
 * @throws StoreSetupError
 */
export async function openStored(
  config: NonNullable<Config['store']>,
  { lanes }: Divar,
  openHost: OpenHost,
  log: Logger,
): Promise<Stored> {
  const { database, keys, retentionMs, retry, queueLimit, webhook, backup } = config
  const store = await openStore(database, log)
  const outbox = new Outbox({
    store,
    keyring: createKeyring(keys),
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
    await store.close()
  }
  await outbox.start().catch(async (error: unknown) => {
    await close()
    throw error
  })
  return { outbox, ping: store.ping, close }
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
