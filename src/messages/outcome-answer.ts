import { Fault, type FaultCode } from '../base/fault.ts'
import { outcomeRules, type Outcome, type OutcomeRule } from '../divar/outcome.ts'

const rules: ReadonlyMap<string, OutcomeRule> = new Map(Object.entries(outcomeRules))

/** When Divar's 429 has no Retry-After: its limits are per minute and per day. */
const DEFAULT_RETRY_AFTER_S = 60

/**
 * The answer to a delivered message, as Divar itself answers.
 * @param ignored pointers to the members that were not read
 */
export function deliveredBody(id: string, ignored: readonly string[] = []) {
  return { status: 200, message: 'success', id, ...(ignored.length > 0 && { ignored }) }
}

export type NotDelivered = Exclude<Outcome, { kind: 'delivered' }>

/**
 * The answer to a message that was not delivered, or perhaps not.
 * @param consentUrl where the user can consent
 */
export function faultOf(outcome: NotDelivered, id: string, consentUrl?: string): Fault {
  const { advice, retryable } = outcomeRules[outcome.kind]
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

/** The log level of the outcome that was answered with this code; undefined when it is the code of no outcome. */
export function outcomeLevel(code: FaultCode): OutcomeRule['level'] | undefined {
  return rules.get(code === 'platform_unavailable' ? 'unavailable' : code)?.level
}

/** The fields of an outcome in the request's log line. */
export function outcomeFields(outcome: NotDelivered): Record<string, unknown> {
  const divar = 'divar' in outcome ? outcome.divar : undefined
  return {
    ...(divar && { divar_status: divar.status }),
    ...(typeof divar?.code === 'number' && { divar_code: divar.code }),
    ...('reason' in outcome && { reason: outcome.reason }),
  }
}
