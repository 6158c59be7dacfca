import { setTimeout as wait } from 'node:timers/promises'
import type { Counter } from '../observability/metrics.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { GrantStore } from '../store/consent-store.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError } from '../store/store.ts'
import { narrowTo, type Grant, type GrantCodec } from './grant.ts'
import type { NoTokens, TokenClient, Tokens } from '../divar/token-client.ts'

/** Added to the exchange's timeout, for the commits around it. */
const LEASE_MARGIN_MS = 10_000
/** How long Divar accepts the previous token pair after a refresh; a new pair that could not be committed is retried this long. */
const PREVIOUS_PAIR_MS = 2 * 60 * 1000
/** After a failed refresh the grant is not refreshed again for this long. */
const REST_MS = 2000
const POLL_MS = 50
const COMMIT_RETRY_MS = 500

export type RefresherOptions = {
  store: Pick<GrantStore, 'claimRefresh' | 'commitRefresh' | 'backOffRefresh' | 'endGrant' | 'findGrant'>
  codec: GrantCodec
  client: Pick<TokenClient, 'refresh' | 'hold'>
  /** Identifies this gateway as the holder of a refresh lease. */
  owner: string
  /** Of one exchange with the token route. */
  timeoutMs: number
  /** Label `outcome`. */
  metrics: Counter
  shutdownSignal: AbortSignal
  log: Logger
}

export type Refreshed = { kind: 'fresh'; grant: Grant } | { kind: 'ended' } | { kind: 'failed'; reason: string }

/**
 * Refreshes each token pair only once: concurrent calls in this process share a promise, and a lease in the store excludes other gateways.
 * A new pair is used only after it is committed.
 */
export class Refresher {
  readonly #options: RefresherOptions
  readonly #running = new Map<string, Promise<Refreshed>>()

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  /**
   * @param waits for another gateway that is refreshing this grant; unnecessary while the access token is valid
   * @throws StoreError, SealError
   */
  refresh(grant: Grant, { waits }: { waits: boolean }): Promise<Refreshed> {
    const name = `${grant.id} ${grant.version}${waits ? '' : ' at once'}`
    const running = this.#running.get(name)
    if (running !== undefined) return running
    const refreshing = this.#refresh(grant, waits).finally(() => this.#running.delete(name))
    this.#running.set(name, refreshing)
    return refreshing
  }

  /** Resolves when no refresh is running. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values())
  }

  async #refresh(grant: Grant, waits: boolean): Promise<Refreshed> {
    const { store, codec, owner, timeoutMs, shutdownSignal, client } = this.#options
    if (client.hold.isHeld()) return { kind: 'failed', reason: 'the token route asked to wait' }
    const leaseMs = timeoutMs + LEASE_MARGIN_MS
    const deadline = performance.now() + leaseMs
    for (;;) {
      const claim = await store.claimRefresh(grant.id, grant.version, owner, leaseMs)
      if (claim.kind === 'claimed') return this.#exchange(grant)
      if (claim.kind === 'gone') return { kind: 'ended' }
      if (claim.kind === 'changed') return { kind: 'fresh', grant: codec.open(claim.grant) }
      if (claim.kind === 'backing_off') return { kind: 'failed', reason: 'a refresh has just failed' }
      if (!waits || performance.now() > deadline || shutdownSignal.aborted) {
        return { kind: 'failed', reason: 'another gateway is refreshing this grant' }
      }
      await wait(POLL_MS)
    }
  }

  async #exchange(grant: Grant): Promise<Refreshed> {
    const { client, metrics, log } = this.#options
    const { refreshToken, accessToken } = grant
    const result =
      refreshToken === undefined
        ? ({ kind: 'ended', reason: 'there is no refresh token' } as const)
        : await client.refresh(refreshToken, accessToken)
    metrics.count(result.kind === 'tokens' ? 'refreshed' : result.kind)
    if (result.kind !== 'tokens') return this.#giveUp(grant, result)
    const scopes = narrowTo(grant, result.tokens)
    if (scopes.length === 0)
      return this.#giveUp(grant, { kind: 'ended', reason: 'the refresh names none of its scopes' })
    log.info({ event: 'grant.refreshed', grant_id: grant.id })
    return this.#commit({ ...grant, scopes }, result.tokens)
  }

  async #giveUp(grant: Grant, { kind, reason }: NoTokens): Promise<Refreshed> {
    const { store, owner, log } = this.#options
    if (kind === 'ended') {
      if (!(await store.endGrant(grant.id, grant.version, owner))) return this.#readAgain(grant)
      log.info({ event: 'grant.ended', grant_id: grant.id, reason })
      return { kind }
    }
    await store.backOffRefresh(grant.id, owner, REST_MS)
    log.warn({ event: 'grant.refresh_failed', grant_id: grant.id, reason })
    return { kind, reason }
  }

  async #commit(grant: Grant, tokens: Tokens): Promise<Refreshed> {
    const { store, codec, owner } = this.#options
    const { accessToken, refreshToken = grant.refreshToken, accessMs, refreshMs = grant.refreshMs } = tokens
    const renewed = { ...grant, accessToken, refreshToken }
    const commit = {
      id: grant.id,
      version: grant.version,
      owner,
      content: codec.seal(grant.id, renewed),
      previous: codec.sealPrevious(grant.id, grant),
      previousMs: PREVIOUS_PAIR_MS,
      accessMs,
      refreshMs,
    }
    try {
      if (!(await store.commitRefresh(commit))) return await this.#readAgain(grant)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // Divar accepts the previous pair for two more minutes, in which the store may come back.
      this.#commitLater(commit, error)
      return { kind: 'failed', reason: 'the store is away' }
    }
    return {
      kind: 'fresh',
      grant: {
        ...renewed,
        version: grant.version + 1,
        previousAccessToken: grant.accessToken,
        accessMs,
        refreshMs,
        pairAgeMs: 0,
      },
    }
  }

  /** The lease was lost: another gateway has refreshed the grant, or it was deleted. */
  async #readAgain({ id }: Grant): Promise<Refreshed> {
    const { store, codec } = this.#options
    const stored = await store.findGrant(id)
    return stored === undefined ? { kind: 'ended' } : { kind: 'fresh', grant: codec.open(stored) }
  }

  #commitLater(commit: Parameters<GrantStore['commitRefresh']>[0], because: unknown): void {
    const { store, shutdownSignal, log } = this.#options
    const deadline = performance.now() + PREVIOUS_PAIR_MS
    const again = async (): Promise<Refreshed> => {
      log.error({ event: 'store.failed', what: 'commitRefresh', ...describeStoreError(because) })
      while (performance.now() < deadline && !shutdownSignal.aborted) {
        await wait(COMMIT_RETRY_MS, undefined, { signal: shutdownSignal }).catch(() => undefined)
        try {
          await store.commitRefresh(commit)
          break
        } catch (error) {
          log.debug({ event: 'store.failed', what: 'commitRefresh', ...describeError(error) })
        }
      }
      return { kind: 'ended' }
    }
    const name = `${commit.id} commit`
    this.#running.set(
      name,
      again().finally(() => this.#running.delete(name)),
    )
  }
}
