import { SealError } from '../base/keyring.ts'
import type { Trace } from '../observability/trace.ts'
import type { DeliverBy, Deliver } from '../divar/deliver.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Message, Sender } from '../message/message.ts'
import { StoreError } from '../store/store.ts'
import type { Grant } from './grant.ts'
import type { GrantChoice, Grants } from './grants.ts'

/** The current token, the previous one, and a refreshed one. */
const MAX_TOKENS = 3
/** Grants of one sender: a message that one grant does not permit may be permitted by another. */
const MAX_GRANTS = 3

/** Delivers with the request's token, or without one with the narrowest grant that covers the message. */
export function deliverBy(deliver: Deliver, grants: Grants | undefined): DeliverBy {
  return (message, credential, trace) => {
    if (credential.kind === 'token') return deliver(message, credential.userToken, trace)
    if (grants === undefined) return Promise.resolve({ kind: 'consent_required' })
    return deliverOnGrant(deliver, grants, message, credential.sender, trace)
  }
}

async function deliverOnGrant(
  deliver: Deliver,
  grants: Grants,
  message: Message,
  sender: Sender,
  trace: Trace,
): Promise<Outcome> {
  try {
    const refused = new Set<string>()
    const notPermitted = new Set<string>()
    let notPermittedOutcome: Outcome | undefined
    let grant: Grant | undefined
    for (;;) {
      if (grant === undefined) {
        const choice = await grants.forMessage(message.address, sender, notPermitted)
        // Divar's refusal is more useful to the caller than "no other grant".
        if (choice.kind !== 'grant') return notPermittedOutcome ?? outcomeWithoutGrant(choice)
        grant = choice.grant
      }
      const outcome = await deliver(message, grant.accessToken, trace)
      if (outcome.kind === 'not_permitted' && notPermitted.size < MAX_GRANTS - 1) {
        notPermittedOutcome ??= outcome
        notPermitted.add(grant.id)
        grant = undefined
        continue
      }
      // Nothing was delivered with a refused token, so the same attempt may use another.
      if (outcome.kind !== 'token_refused' || refused.size === MAX_TOKENS - 1) return outcome
      const next = await grants.afterRefusal(grant.id, refused.add(grant.accessToken))
      if (next.kind === 'none') return outcome
      if (next.kind === 'not_refreshed') return outcomeWithoutGrant(next)
      grant = next.kind === 'grant' ? next.grant : undefined
    }
  } catch (error) {
    // Nothing was delivered so far, so it is safe to retry.
    if (error instanceof StoreError || error instanceof SealError) return { kind: 'store_unavailable' }
    throw error
  }
}

function outcomeWithoutGrant(choice: Exclude<GrantChoice, { kind: 'grant' }>): Outcome {
  return choice.kind === 'not_refreshed'
    ? { kind: 'not_sent', cause: 'remote', reason: `no fresh token: ${choice.reason}` }
    : choice
}
