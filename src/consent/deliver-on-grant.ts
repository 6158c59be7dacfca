import { SealError } from '../base/keyring.ts'
import type { DeliverBy } from '../delivery/credential.ts'
import type { Outcome } from '../delivery/outcome.ts'
import type { Deliver } from '../delivery/platform.ts'
import type { Message, Sender } from '../message/message.ts'
import { StoreError } from '../store/store.ts'
import type { Chosen, Grants } from './grants.ts'
import type { Grant } from './grant.ts'

/** The token, the one before it, and a refreshed one. */
const MAX_TOKENS = 3

/** Delivers with the token that came along, or else with that of the narrowest grant that covers the message. */
export function deliverBy(deliver: Deliver, grants: Grants | undefined): DeliverBy {
  return (message, credential) => {
    if (credential.kind === 'token') return deliver(message, credential.userToken)
    if (grants === undefined) return Promise.resolve({ kind: 'consent_required' })
    return deliverOnGrant(deliver, grants, message, credential.sender)
  }
}

async function deliverOnGrant(deliver: Deliver, grants: Grants, message: Message, sender: Sender): Promise<Outcome> {
  let outcome: Outcome | undefined
  try {
    const chosen = await grants.forMessage(message.address, sender)
    if (chosen.kind !== 'grant') return whyNot(chosen)
    const refused = new Set<string>()
    let grant: Grant | undefined = chosen.grant
    while (grant !== undefined && refused.size < MAX_TOKENS) {
      outcome = await deliver(message, grant.accessToken)
      // A refused token is a sure no, so the same attempt may go on with another.
      if (outcome.kind !== 'token_refused') return outcome
      grant = await grants.afterRefusal(grant.id, refused.add(grant.accessToken))
    }
  } catch (error) {
    if (!(error instanceof StoreError) && !(error instanceof SealError)) throw error
  }
  return outcome ?? { kind: 'store_unavailable' }
}

function whyNot(chosen: Exclude<Chosen, { kind: 'grant' }>): Outcome {
  return chosen.kind === 'not_refreshed' ? { kind: 'not_sent', reason: `no fresh token: ${chosen.reason}` } : chosen
}
