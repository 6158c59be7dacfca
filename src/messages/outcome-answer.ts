import { Fault, type FaultCode } from '../base/fault.ts'
import type { Outcome, OutcomeKind } from '../divar/outcome.ts'

/** When Divar limits without saying for how long: its limits are per minute and per day. */
const DEFAULT_RETRY_AFTER_S = 60

/**
 * The answer to a delivered message, in the platform's own words.
 * @param ignored pointers to the members that were not read
 */
export function deliveredBody(id: string, ignored: readonly string[] = []) {
  return { status: 200, message: 'success', id, ...(ignored.length > 0 && { ignored }) }
}

export type NotDelivered = Exclude<Outcome, { kind: 'delivered' }>

/**
 * What the sender of a message that was not, or perhaps not, delivered is told.
 * @param consentUrl where the user could be sent to consent
 */
export function faultOf(outcome: NotDelivered, id: string, consentUrl?: string): Fault {
  const { advice, retryable } = refusals[outcome.kind]
  const code: FaultCode = outcome.kind === 'unavailable' ? 'platform_unavailable' : outcome.kind
  return new Fault(code, advice, {
    members: {
      id,
      outcome: code,
      retryable,
      ...('divar' in outcome && { divar: outcome.divar }),
      ...('grantId' in outcome && { grant_id: outcome.grantId }),
      ...(consentUrl !== undefined && { consent_url: consentUrl }),
    },
    retryAfter: retryAfterOf(outcome),
  })
}

function retryAfterOf(outcome: NotDelivered): number | undefined {
  if ('retryAfterSeconds' in outcome) return outcome.retryAfterSeconds
  return outcome.kind === 'rate_limited' ? DEFAULT_RETRY_AFTER_S : undefined
}

/** What a line in the log says of an outcome. */
export function outcomeFields(outcome: NotDelivered): Record<string, unknown> {
  const divar = 'divar' in outcome ? outcome.divar : undefined
  return {
    ...(divar && { divar_status: divar.status }),
    ...(typeof divar?.code === 'number' && { divar_code: divar.code }),
    ...('reason' in outcome && { reason: outcome.reason }),
  }
}

/** What a caller is told, and whether the same request may be repeated without fear of a second message. */
const refusals: Record<Exclude<OutcomeKind, 'delivered'>, { advice: string; retryable: boolean }> = {
  token_refused: {
    retryable: false,
    advice:
      "Divar refused the user's access token: it is wrong, expired or revoked. Get a new one by the user's consent.",
  },
  not_permitted: {
    retryable: false,
    advice:
      "Divar does not permit this: check the app's CHAT_SEND_MESSAGE_OAUTH permission and the scope of the token.",
  },
  recipient_restricted: {
    retryable: false,
    advice: 'The recipient has blocked the sender, or one of them is blacklisted. Do not repeat.',
  },
  rejected: { retryable: false, advice: 'Divar rejected the message; its own code and message stand in divar.' },
  rate_limited: {
    retryable: true,
    advice: "The app's limit at Divar is used up. Repeat after the seconds in Retry-After.",
  },
  platform_error: {
    retryable: true,
    advice: 'Divar failed; the message was taken as not delivered. Repeat later, waiting longer each time.',
  },
  not_sent: {
    retryable: true,
    advice: 'Divar could not be reached; not a byte of the message was sent. Repeat later.',
  },
  unknown: {
    retryable: false,
    advice:
      'Divar did not answer in a way that tells whether the message was delivered. Repeating may deliver it twice.',
  },
  consent_required: {
    retryable: true,
    advice:
      'No grant covers this message, and no token came along. Send the user to consent_url, where one is given, or a token in x-access-token or Authorization: Bearer.',
  },
  sender_ambiguous: {
    retryable: true,
    advice: 'Two users have consented in this conversation. Name the one in whose name it goes: user_id.',
  },
  grant_unreadable: {
    retryable: true,
    advice:
      'The stored grant of this user was altered, or its key is not in TOKEN_ENCRYPTION_KEY. Put the key back, or DELETE /grants/<grant_id> and let the user consent anew.',
  },
  store_unavailable: {
    retryable: true,
    advice: 'The store of this gateway is away, and the grants are in it; nothing was sent. Repeat later.',
  },
  unavailable: {
    retryable: true,
    advice: 'Divar has failed ten times in a row; not a byte of the message was sent. Repeat after Retry-After.',
  },
}
