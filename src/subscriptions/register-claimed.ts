import { narrowest, type Grant } from '../consent/grant.ts'
import type { Grants } from '../consent/grants.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Subscribe } from '../divar/subscribe.ts'
import type { Counter } from '../observability/metrics.ts'
import type { Logger } from '../observability/log.ts'
import { newTrace } from '../observability/trace.ts'
import { openOrLog } from '../store/store-faults.ts'
import type { ClaimedSubscription, SubscriptionFinish } from '../store/subscription-store.ts'
import { holdMsAfter, isFinal, isRefreshDue, isRefusedTokenOld, refreshInMs, retryInMs } from './retry-policy.ts'
import { coveringOf, type Failure, type SubscriptionCodec, type Wanted } from './subscription.ts'

/** A row that cannot be opened is set aside for this long: its key may come back. */
const SET_ASIDE_MS = 60 * 60_000
const NONE: ReadonlySet<string> = new Set()

type RegisterClaimedOptions = {
  grants: Pick<Grants, 'withToken'>
  codec: SubscriptionCodec
  subscribe: Subscribe
  /** 0 to 1. */
  random: () => number
  /** Label `outcome`. */
  registrations: Counter
  log: Logger
}

/** How the claim of a subscription ends, without the owner of its lease. */
export type Finish = Omit<SubscriptionFinish, 'owner'>

/** Registers a claimed subscription with its grant, which is refreshed first when it is due. @throws StoreError, SealError */
export function createRegisterClaimed(options: RegisterClaimedOptions) {
  const { grants, codec, subscribe, random, registrations, log } = options

  return async (claimed: ClaimedSubscription): Promise<Finish> => {
    const { id, caller, grantId, grantVersion } = claimed
    const failures = claimed.failures + 1
    const unchanged = { id, grantId, grantVersion, failures: claimed.failures }
    const opened = openOrLog(() => codec.open(claimed), { subscription_id: id }, log)
    if (opened === undefined) return { ...unchanged, dueInMs: SET_ASIDE_MS }
    const { wanted, failure } = opened
    const isRefused = failure?.code === 'token_refused'

    const fail = (code: Outcome['kind'] | 'not_refreshed', dueInMs: number | undefined, outcome?: Outcome) => {
      const divar = outcome !== undefined && 'divar' in outcome ? outcome.divar : undefined
      const next: Failure = { code, ...(divar !== undefined && { divar }) }
      registrations.count(code)
      const status = divar?.status
      log.warn({ event: 'subscription.failed', subscription_id: id, code, status, retry_in_ms: dueInMs ?? null })
      return { outcome: 'failed' as const, activeMs: 0, content: codec.seal(id, caller, wanted, next) }
    }

    const choice = await grants.withToken(
      grantId,
      (grant) => isRefreshDue(grant) || (isRefused && isRefusedTokenOld(grant, claimed.failures)),
    )
    switch (choice.kind) {
      case 'grant':
        break
      // Marking finds another grant, if there is one.
      case 'gone':
      case 'consent_required':
      case 'sender_ambiguous':
        return { ...unchanged, dueInMs: undefined }
      case 'not_refreshed':
        log.warn({ event: 'subscription.not_refreshed', subscription_id: id, reason: choice.reason })
        registrations.count(choice.kind)
        // It stays registered with the token that it has.
        return { ...unchanged, failures, dueInMs: retryInMs(failures, random()) }
      case 'grant_unreadable': {
        const dueInMs = retryInMs(failures, random())
        return { ...unchanged, failures, dueInMs, result: fail(choice.kind, dueInMs) }
      }
    }

    const { grant } = choice
    const used = { id, grantId: grant.id, grantVersion: grant.version }
    if (!covers(grant, wanted)) {
      const content = codec.seal(id, caller, wanted)
      log.info({ event: 'subscription.uncovered', subscription_id: id, grant_id: grant.id })
      return { ...used, failures: 0, dueInMs: undefined, result: { outcome: 'uncovered', activeMs: 0, content } }
    }
    const outcome = await subscribe(wanted, grant.accessToken, newTrace())
    if (outcome.kind === 'delivered') {
      registrations.count('registered')
      log.info({ event: 'subscription.registered', subscription_id: id, caller, grant_id: grant.id })
      const content = codec.seal(id, caller, wanted)
      const dueInMs = grant.refreshToken === undefined ? undefined : refreshInMs(grant, random())
      return { ...used, failures: 0, dueInMs, result: { outcome: 'registered', activeMs: grant.accessMs, content } }
    }
    const dueInMs = isFinal(outcome) ? undefined : retryInMs(failures, random())
    return { ...used, failures, dueInMs, result: fail(outcome.kind, dueInMs, outcome), holdMs: holdMsAfter(outcome) }
  }
}

/** Checks the sealed scopes, since the names by which a grant is found are not sealed to it, and a refresh may have narrowed it. */
function covers(grant: Grant, wanted: Wanted): boolean {
  return narrowest([grant], coveringOf(wanted), NONE) === grant
}
