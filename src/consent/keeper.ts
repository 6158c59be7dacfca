import { SealError } from '../base/keyring.ts'
import { describeError, type Logger } from '../base/log.ts'
import type { ConsentKeepingStore, GrantStore, ResealedGrant, StoredGrant } from '../store/consent-store.ts'
import { BATCH, Housekeeping } from '../store/housekeeping.ts'
import type { Grant, GrantSafe } from './grant.ts'
import type { Refresher } from './refresher.ts'

/** A refresh token lives 30 days: what is not used for so long is refreshed in time, so that nobody is asked twice. */
const RENEW_BEFORE_MS = 7 * 24 * 60 * 60 * 1000
/** At one look, so that the token route is not stormed. */
const RENEW_AT_ONCE = 10
/** So many are remembered. */
const MAX_UNREADABLE = 1000

export type ConsentKeeperOptions = {
  store: ConsentKeepingStore & Pick<GrantStore, 'endingGrants'>
  safe: GrantSafe
  refresher: Refresher
  figures: { grants: number }
  log: Logger
}

/** Keeps the house of consent: forgets what has expired, brings grants under the newest key, keeps their refresh tokens alive. */
export class ConsentKeeper {
  readonly #options: ConsentKeeperOptions
  readonly #house: Housekeeping
  /** Grants that cannot be opened: they are told once, and keep back no others. */
  readonly #unreadable = new Set<string>()

  constructor(options: ConsentKeeperOptions) {
    this.#options = options
    this.#house = new Housekeeping(options.log)
  }

  start(): void {
    this.#house.start(() => this.#look())
  }

  stop(): Promise<void> {
    return this.#house.stop()
  }

  async #look(): Promise<void> {
    const { store, figures } = this.#options
    await this.#house.tidy('expire', () => store.expire(BATCH))
    await this.#house.tidy('reseal', () => this.#reseal())
    await this.#house.tidy('renew', () => this.#renew())
    await this.#house.tidy('count', async () => {
      figures.grants = await store.countGrants()
      return 0
    })
  }

  async #reseal(): Promise<number> {
    const { store, safe } = this.#options
    const grants = await store.grantsUnderOthers(safe.primary, BATCH, [...this.#unreadable])
    const resealed: ResealedGrant[] = grants.flatMap((stored) =>
      this.#open(stored).map((grant) => ({
        id: stored.id,
        version: stored.version,
        ...safe.reseal(stored),
        names: safe.namesOf(grant),
      })),
    )
    if (resealed.length > 0) await store.resealGrants(safe.primary, resealed)
    return grants.length
  }

  #open(stored: StoredGrant): Grant[] {
    const { safe, log } = this.#options
    try {
      return [safe.open(stored)]
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      log.error({ event: 'store.sealed_row_unreadable', grant_id: stored.id, ...describeError(error) })
      if (this.#unreadable.size < MAX_UNREADABLE) this.#unreadable.add(stored.id)
      return []
    }
  }

  async #renew(): Promise<number> {
    const { store, refresher } = this.#options
    for (const stored of await store.endingGrants(RENEW_BEFORE_MS, RENEW_AT_ONCE, [...this.#unreadable])) {
      for (const grant of this.#open(stored)) await refresher.refresh(grant)
    }
    return 0
  }
}
