import { SealError } from '../base/keyring.ts'
import type { Trace } from '../observability/trace.ts'
import type { DeliverBy, Deliver } from '../divar/deliver.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Message, Sender } from '../message/message.ts'
import { StoreError } from '../store/store.ts'
import type { Grant } from './grant.ts'
import type { GrantChoice, Grants } from './grants.ts'

/** The token, the one before it, and a refreshed one. */
const MAX_TOKENS = 3
/** Of one sender: where Divar does not permit the message by one grant, it may by the next. */
const MAX_GRANTS = 3

/** Delivers with the token that came along, or else with that of the narrowest grant that covers the message. */
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
        // What Divar said tells more than that no other grant is left.
        if (choice.kind !== 'grant') return notPermittedOutcome ?? whyNot(choice)
        grant = choice.grant
      }
      const outcome = await deliver(message, grant.accessToken, trace)
      if (outcome.kind === 'not_permitted' && notPermitted.size < MAX_GRANTS - 1) {
        notPermittedOutcome ??= outcome
        notPermitted.add(grant.id)
        grant = undefined
        continue
      }
      // A refused token is a sure no, so the same attempt may go on with another.
      if (outcome.kind !== 'token_refused' || refused.size === MAX_TOKENS - 1) return outcome
      const next = await grants.afterRefusal(grant.id, refused.add(grant.accessToken))
      if (next.kind === 'none') return outcome
      if (next.kind === 'not_refreshed') return whyNot(next)
      grant = next.kind === 'grant' ? next.grant : undefined
    }
  } catch (error) {
    // Nothing was delivered until now, and what the grant is worth will be seen at the next try.
    if (error instanceof StoreError || error instanceof SealError) return { kind: 'store_unavailable' }
    throw error
  }
}

function whyNot(choice: Exclude<GrantChoice, { kind: 'grant' }>): Outcome {
  return choice.kind === 'not_refreshed'
    ? { kind: 'not_sent', cause: 'remote', reason: `no fresh token: ${choice.reason}` }
    : choice
}
