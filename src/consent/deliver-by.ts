import { SealError } from '../base/keyring.ts'
import { withTokenOr, type Deliver, type DeliverBy } from '../divar/deliver.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Address, Sender } from '../message/message.ts'
import { StoreError } from '../store/store.ts'
import type { GrantChoice, Grants } from './grants.ts'
import { tryTokens } from './try-tokens.ts'

/** Grants of one sender: a message that one grant does not permit may be permitted by another. */
const MAX_GRANTS = 3

/** Delivers with the request's token, or without one with the narrowest grant that covers the message. */
export function createDeliverBy(deliver: Deliver, grants: Grants | undefined): DeliverBy {
  return withTokenOr(deliver, async (message, sender, trace) => {
    if (grants === undefined) return { kind: 'consent_required' }
    try {
      const deliverWith = (token: string) => deliver(message, token, trace)
      return await deliverWithGrants(grants, message.address, sender, deliverWith)
    } catch (error) {
      // Nothing was delivered so far, so it is safe to retry.
      if (error instanceof StoreError || error instanceof SealError) return { kind: 'store_unavailable' }
      throw error
    }
  })
}

type DeliverWith = (token: string) => Promise<Outcome>

/** Tries the grants that cover the message, until Divar permits it or refuses it for another reason. */
async function deliverWithGrants(
  grants: Grants,
  address: Address,
  sender: Sender,
  deliverWith: DeliverWith,
): Promise<Outcome> {
  const refusedTokens = new Set<string>()
  const notPermitted = new Set<string>()
  let firstRefusal: Outcome | undefined
  for (;;) {
    const choice = await grants.forMessage(address, sender, notPermitted)
    // Divar's refusal is more useful to the caller than "no other grant".
    if (choice.kind !== 'grant') return firstRefusal ?? outcomeWithoutGrant(choice)
    const tried = await tryTokens(grants, choice.grant, refusedTokens, deliverWith, isTokenRefused)
    if (tried.kind === 'gone') continue
    if (tried.kind === 'not_refreshed') return outcomeWithoutGrant(tried)
    const outcome = tried.result
    if (outcome.kind !== 'not_permitted' || notPermitted.size === MAX_GRANTS - 1) return outcome
    firstRefusal ??= outcome
    notPermitted.add(choice.grant.id)
  }
}

function isTokenRefused({ kind }: Outcome): boolean {
  return kind === 'token_refused'
}

function outcomeWithoutGrant(choice: Exclude<GrantChoice, { kind: 'grant' }>): Outcome {
  return choice.kind === 'not_refreshed'
    ? { kind: 'not_sent', cause: 'remote', reason: `no fresh token: ${choice.reason}` }
    : choice
}
