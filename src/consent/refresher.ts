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

type RefresherOptions = {
  store: Pick<GrantStore, 'claimRefresh' | 'commitRefresh' | 'backOffRefresh' | 'endGrant' | 'findGrant'>
  codec: GrantCodec
  client: Pick<TokenClient, 'refresh' | 'hold'>
  /** Identifies this gateway as the holder of a refresh lease. */
  owner: string
  /** Timeout of one exchange with the token endpoint. */
  timeoutMs: number
  /** Label `outcome`. */
  metrics: Counter
  shutdownSignal: AbortSignal
  log: Logger
}

type Refreshed = { kind: 'fresh'; grant: Grant } | { kind: 'ended' } | { kind: 'failed'; reason: string }

/**
 * Refreshes each token pair only once: concurrent calls in this process share a promise, and a lease in the store excludes other gateways.
 * A new pair is used only after it is committed.
 */
export type Refresher = ReturnType<typeof createRefresher>

export function createRefresher(options: RefresherOptions) {
  const { store, codec, client, owner, timeoutMs, metrics, shutdownSignal, log } = options
  const running = new Map<string, Promise<Refreshed>>()

  const run = (name: string, work: () => Promise<Refreshed>): Promise<Refreshed> => {
    const refreshing = work().finally(() => running.delete(name))
    running.set(name, refreshing)
    return refreshing
  }

  const claimAndExchange = async (grant: Grant, waits: boolean): Promise<Refreshed> => {
    if (client.hold.isHeld()) return { kind: 'failed', reason: 'the token route asked to wait' }
    const leaseMs = timeoutMs + LEASE_MARGIN_MS
    const deadline = performance.now() + leaseMs
    for (;;) {
      const claim = await store.claimRefresh(grant.id, grant.version, owner, leaseMs)
      if (claim.kind === 'claimed') return exchange(grant)
      if (claim.kind === 'gone') return { kind: 'ended' }
      if (claim.kind === 'changed') return { kind: 'fresh', grant: codec.open(claim.grant) }
      if (claim.kind === 'backing_off') return { kind: 'failed', reason: 'a refresh has just failed' }
      if (!waits || performance.now() > deadline || shutdownSignal.aborted) {
        return { kind: 'failed', reason: 'another gateway is refreshing this grant' }
      }
      await wait(POLL_MS)
    }
  }

  const exchange = async (grant: Grant): Promise<Refreshed> => {
    const { refreshToken, accessToken } = grant
    const result =
      refreshToken === undefined
        ? ({ kind: 'ended', reason: 'there is no refresh token' } as const)
        : await client.refresh(refreshToken, accessToken)
    metrics.count(result.kind === 'tokens' ? 'refreshed' : result.kind)
    if (result.kind !== 'tokens') return giveUp(grant, result)
    const scopes = narrowTo(grant.scopes, result.tokens.scopes)
    if (scopes.length === 0) return giveUp(grant, { kind: 'ended', reason: 'the refresh names none of its scopes' })
    log.info({ event: 'grant.refreshed', grant_id: grant.id })
    return commitTokens({ ...grant, scopes }, result.tokens)
  }

  const giveUp = async (grant: Grant, { kind, reason }: NoTokens): Promise<Refreshed> => {
    if (kind === 'ended') {
      if (!(await store.endGrant(grant.id, grant.version, owner))) return readAgain(grant)
      log.info({ event: 'grant.ended', grant_id: grant.id, reason })
      return { kind }
    }
    await store.backOffRefresh(grant.id, owner, REST_MS)
    log.warn({ event: 'grant.refresh_failed', grant_id: grant.id, reason })
    return { kind, reason }
  }

  const commitTokens = async (grant: Grant, tokens: Tokens): Promise<Refreshed> => {
    const { id, version } = grant
    const { accessToken, refreshToken = grant.refreshToken, accessMs, refreshMs = grant.refreshMs } = tokens
    const renewed = { ...grant, accessToken, refreshToken, accessMs, refreshMs }
    const pairs = { content: codec.seal(id, renewed), previous: codec.sealPrevious(id, grant) }
    const commit = { id, version, owner, ...pairs, previousMs: PREVIOUS_PAIR_MS, accessMs, refreshMs }
    try {
      if (!(await store.commitRefresh(commit))) return await readAgain(grant)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // Divar accepts the previous pair for two more minutes, in which the store may come back.
      log.error({ event: 'store.failed', what: 'commitRefresh', ...describeStoreError(error) })
      void run(`${id} commit`, () => commitLater(commit))
      return { kind: 'failed', reason: 'the store is away' }
    }
    const next = { version: version + 1, previousAccessToken: grant.accessToken, pairAgeMs: 0 }
    return { kind: 'fresh', grant: { ...renewed, ...next } }
  }

  /** The lease was lost: another gateway has refreshed the grant, or it was deleted. */
  const readAgain = async ({ id }: Grant): Promise<Refreshed> => {
    const stored = await store.findGrant(id)
    return stored === undefined ? { kind: 'ended' } : { kind: 'fresh', grant: codec.open(stored) }
  }

  const commitLater = async (commit: Parameters<GrantStore['commitRefresh']>[0]): Promise<Refreshed> => {
    const deadline = performance.now() + PREVIOUS_PAIR_MS
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

  return {
    /** `waits` for another gateway's refresh of this grant; not needed while the access token is valid. @throws StoreError, SealError */
    refresh: (grant: Grant, { waits }: { waits: boolean }): Promise<Refreshed> => {
      const name = `${grant.id} ${grant.version}${waits ? '' : ' at once'}`
      return running.get(name) ?? run(name, () => claimAndExchange(grant, waits))
    },
    /** Resolves when no refresh is running. */
    idle: async (): Promise<void> => {
      while (running.size > 0) await Promise.allSettled(running.values())
    },
  }
}
