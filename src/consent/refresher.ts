import { setTimeout as wait } from 'node:timers/promises'
import type { Tally } from '../observability/counter.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { GrantStore } from '../store/consent-store.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { StoreError } from '../store/store.ts'
import { narrowTo, type Grant, type GrantCodec } from './grant.ts'
import type { NoTokens, TokenClient, Tokens } from '../divar/token-client.ts'

/** Beyond the exchange itself: for the commits around it. */
const LEASE_MARGIN_MS = 10_000
/** How long the platform lets a former pair be used; so long a new pair that the store does not take is worth keeping. */
export const FORMER_PAIR_MS = 2 * 60 * 1000
/** After a failure nobody asks again for so long. */
const REST_MS = 2000
const LOOK_MS = 50
const COMMIT_RETRY_MS = 500

export type RefresherOptions = {
  store: Pick<GrantStore, 'claimRefresh' | 'commitRefresh' | 'restRefresh' | 'endGrant' | 'findGrant'>
  codec: GrantCodec
  client: Pick<TokenClient, 'refresh' | 'hold'>
  /** Of this gateway among others. */
  owner: string
  /** For one exchange with the token route. */
  timeoutMs: number
  /** Label `outcome`. */
  metrics: Tally
  shutdownSignal: AbortSignal
  log: Logger
}

export type Refreshed = { kind: 'fresh'; grant: Grant } | { kind: 'ended' } | { kind: 'failed'; reason: string }

/**
 * Trades token pairs for new ones, each pair once, however many want it and in however many gateways: in this process they share one
 * promise, among gateways the right to refresh is a lease in the store. A new pair is used only once it is committed.
 */
export class Refresher {
  readonly #options: RefresherOptions
  readonly #running = new Map<string, Promise<Refreshed>>()

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  /**
   * @param waits for another gateway that is at it, which is not worth it while the token is good
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

  /** Resolves when nothing is being refreshed. */
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
      if (claim.kind === 'resting') return { kind: 'failed', reason: 'it has just failed' }
      if (!waits || performance.now() > deadline || shutdownSignal.aborted) {
        return { kind: 'failed', reason: 'another gateway is at it' }
      }
      await wait(LOOK_MS)
    }
  }

  async #exchange(grant: Grant): Promise<Refreshed> {
    const { client, metrics, log } = this.#options
    const { refreshToken, accessToken } = grant
    const result =
      refreshToken === undefined
        ? ({ kind: 'ended', reason: 'there is no refresh token' } as const)
        : await client.refresh(refreshToken, accessToken)
    metrics.count({ outcome: result.kind === 'tokens' ? 'refreshed' : result.kind })
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
    await store.restRefresh(grant.id, owner, REST_MS)
    log.warn({ event: 'grant.not_refreshed', grant_id: grant.id, reason })
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
      previousMs: FORMER_PAIR_MS,
      accessMs,
      refreshMs,
    }
    try {
      if (!(await store.commitRefresh(commit))) return await this.#readAgain(grant)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // The former pair is still good for two minutes; so long the store may come back.
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

  /** The lease was over: another gateway has gone on with this grant, or it is no more. */
  async #readAgain({ id }: Grant): Promise<Refreshed> {
    const { store, codec } = this.#options
    const stored = await store.findGrant(id)
    return stored === undefined ? { kind: 'ended' } : { kind: 'fresh', grant: codec.open(stored) }
  }

  #commitLater(commit: Parameters<GrantStore['commitRefresh']>[0], because: unknown): void {
    const { store, shutdownSignal, log } = this.#options
    const deadline = performance.now() + FORMER_PAIR_MS
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
