import { newId } from '../base/id.ts'
import { SealError } from '../base/keyring.ts'
import { describeError, type Logger } from '../observability/log.ts'
import type { Address, Sender } from '../message/message.ts'
import type { Scope } from '../scope/scope.ts'
import type { GrantStore, StoredGrant } from '../store/consent-store.ts'
import { coveringScopes, namesOfCovering, narrowest } from './select-grant.ts'
import { holds, type Grant, type GrantCodec, type Owner } from './grant.ts'
import type { Refresher } from './refresher.ts'
import type { Tokens } from '../divar/token-client.ts'

const OFFLINE: Scope = { kind: 'offline' }
/** More grants than this that cover one thing are not looked at. */
const MAX_FOUND = 50
/** A token is refreshed when it has less than this left, or half of its life where that is less. */
const REFRESH_AHEAD_MS = 60_000
/** A younger pair that is refused would be refused anew: the fault is elsewhere. */
const MIN_AGE_MS = 60_000
/** A grant that ends on the way makes room for another that covers as much. */
const MAX_ENDED = 10

/** A grant that is ready to be used, or why there is none. */
export type GrantChoice =
  | { kind: 'grant'; grant: Grant }
  | { kind: 'consent_required' | 'sender_ambiguous' }
  | { kind: 'grant_unreadable'; grantId: string }
  | { kind: 'not_refreshed'; reason: string }

/** What is left to try once Divar has refused a token. `none`: nothing would help. `gone`: the grant is no more, another may be there. */
export type AfterRefusal =
  { kind: 'grant'; grant: Grant } | { kind: 'none' | 'gone' } | { kind: 'not_refreshed'; reason: string }

export type GrantsOptions = { store: GrantStore; codec: GrantCodec; refresher: Refresher; log: Logger }

/** The grants that the gateway holds. Everything here may throw a StoreError, and what opens a grant a SealError. */
export class Grants {
  readonly #options: GrantsOptions

  constructor(options: GrantsOptions) {
    this.#options = options
  }

  /** Keeps what a walk has come to. */
  async add(owner: Owner, scopes: readonly Scope[], tokens: Tokens): Promise<string> {
    const { store, codec } = this.#options
    const id = newId('grt')
    const { accessToken, refreshToken, accessMs, refreshMs } = tokens
    // Answers may leave it out, and a grant that cannot be refreshed must not pass for as much as one that can.
    const isOffline = refreshToken !== undefined && !holds({ scopes }, OFFLINE)
    const held = isOffline ? [...scopes, OFFLINE] : scopes
    const content = codec.seal(id, { ...owner, scopes: held, accessToken, refreshToken })
    await store.addGrant({ id, content, names: codec.namesOf({ ...owner, scopes: held }), accessMs, refreshMs })
    return id
  }

  /**
   * The grant whose token a message goes with, refreshed if it is time.
   * @param except ids of grants by which Divar has not permitted the message
   */
  forMessage(address: Address, sender: Sender, except: ReadonlySet<string> = new Set()): Promise<GrantChoice> {
    const covering = coveringScopes(address, sender)
    const macs = namesOfCovering(covering, this.#options.codec)
    // Where the sender is whoever has consented, one that cannot be opened might be somebody else's.
    const needsAll = covering.some(({ scope, userId }) => userId === undefined && scope.kind !== 'chat')
    return this.#select(macs, (found, isAnyUnreadable) =>
      needsAll && isAnyUnreadable ? undefined : narrowest(found, covering, except),
    )
  }

  /** A grant of this user, by Divar's word, that holds one of these scopes, the first of them if it can be. */
  async forUser(userId: string, scopes: readonly Scope[]): Promise<GrantChoice> {
    for (const scope of scopes) {
      const choice = await this.#select(this.#options.codec.names.owned(userId, scope), (found) =>
        found.find((grant) => grant.userId === userId && holds(grant, scope)),
      )
      if (choice.kind !== 'consent_required') return choice
    }
    return { kind: 'consent_required' }
  }

  /**
   * Whether live grants of the user hold each of these, by one of its ways to be covered.
   * @param isOffline counts only those that can be refreshed
   */
  async coversAll(userId: string, wanted: readonly (readonly Scope[])[], isOffline: boolean): Promise<boolean> {
    const { store, codec } = this.#options
    const holdsOneOf = async (ways: readonly Scope[]): Promise<boolean> => {
      const macs = ways.flatMap((scope) => codec.names.owned(userId, scope))
      const { grants } = this.#openAll(await store.grantsNamed(macs, MAX_FOUND))
      const good = grants.filter(({ refreshMs = 0 }) => !isOffline || refreshMs > 0)
      return ways.some((scope) => good.some((grant) => holds(grant, scope)))
    }
    const asked = wanted.length > 0 ? wanted : [[OFFLINE]]
    return (await Promise.all(asked.map(holdsOneOf))).every(Boolean)
  }

  /** The grant with another token than those that Divar has refused. */
  async afterRefusal(id: string, refused: ReadonlySet<string>): Promise<AfterRefusal> {
    const { store, codec, refresher } = this.#options
    const stored = await store.findGrant(id)
    if (stored === undefined) return { kind: 'gone' }
    const grant = codec.open(stored)
    const { accessToken, previousAccessToken: previous, refreshToken, pairAgeMs } = grant
    if (!refused.has(accessToken)) return { kind: 'grant', grant }
    // A new token may not be known everywhere yet, and the former one is good for a while.
    if (previous !== undefined && !refused.has(previous)) {
      return { kind: 'grant', grant: { ...grant, accessToken: previous } }
    }
    if (refreshToken === undefined || pairAgeMs < MIN_AGE_MS) return { kind: 'none' }
    const refreshed = await refresher.refresh(grant, { waits: true })
    if (refreshed.kind === 'failed') return { kind: 'not_refreshed', reason: refreshed.reason }
    if (refreshed.kind === 'ended' || refused.has(refreshed.grant.accessToken)) return { kind: 'none' }
    return { kind: 'grant', grant: refreshed.grant }
  }

  async list(userId: string, page: { cursor: number | undefined; limit: number }) {
    const { store, codec } = this.#options
    const { grants, nextCursor } = await store.listGrants(codec.names.user(userId), page)
    return { grants: this.#openAll(grants).grants, nextCursor }
  }

  /** Answers whether there was one. */
  remove(id: string): Promise<boolean> {
    return this.#options.store.deleteGrant(id)
  }

  async #select(
    macs: readonly string[],
    pick: (found: readonly Grant[], isAnyUnreadable: boolean) => Grant | 'ambiguous' | undefined,
  ): Promise<GrantChoice> {
    for (let ended = 0; ended < MAX_ENDED; ended += 1) {
      const { grants, unreadable } = this.#openAll(await this.#options.store.grantsNamed(macs, MAX_FOUND))
      const grant = pick(grants, unreadable !== undefined)
      if (grant === 'ambiguous') return { kind: 'sender_ambiguous' }
      if (grant === undefined) {
        return unreadable === undefined
          ? { kind: 'consent_required' }
          : { kind: 'grant_unreadable', grantId: unreadable }
      }
      const ready = await this.#makeReady(grant)
      if (ready.kind !== 'ended') return ready
    }
    return { kind: 'consent_required' }
  }

  /** Refreshes a grant if it is time. */
  async #makeReady(grant: Grant): Promise<GrantChoice | { kind: 'ended' }> {
    const { accessMs, pairAgeMs, refreshToken } = grant
    const isGood = accessMs > 0
    const aheadMs = Math.min(REFRESH_AHEAD_MS, (accessMs + pairAgeMs) / 2)
    if (isGood && (refreshToken === undefined || accessMs > aheadMs)) return { kind: 'grant', grant }
    const refreshed = await this.#options.refresher.refresh(grant, { waits: !isGood })
    if (refreshed.kind === 'fresh') return { kind: 'grant', grant: refreshed.grant }
    if (refreshed.kind === 'ended') return refreshed
    return isGood ? { kind: 'grant', grant } : { kind: 'not_refreshed', reason: refreshed.reason }
  }

  /** What cannot be opened is told, and left out. */
  #openAll(stored: readonly StoredGrant[]): { grants: Grant[]; unreadable: string | undefined } {
    let unreadable: string | undefined
    const grants = stored.flatMap((one) => {
      try {
        return [this.#options.codec.open(one)]
      } catch (error) {
        if (!(error instanceof SealError)) throw error
        this.#options.log.error({ event: 'store.sealed_row_unreadable', grant_id: one.id, ...describeError(error) })
        unreadable ??= one.id
        return []
      }
    })
    return { grants, unreadable }
  }
}
