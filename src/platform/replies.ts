import type { Response } from 'express'
import { USER_HEADER } from '../access/user-header.ts'
import { Fault } from '../base/fault.ts'
import { logRefusalAs, type FaultLogging } from '../http/answer-fault.ts'
import type { Credential, Outcome } from './call.ts'
import type { Flaw } from './call-divar.ts'

type Answered = Extract<Outcome, { kind: 'answered' }>
type NotAnswered = Exclude<Outcome, Answered>

/** Divar's answer, as it came. */
export function sendAnswer({ status, body, contentType, retryAfter }: Answered, response: Response): void {
  response.locals.requestLog.fields['divar_status'] = status
  response.locals.requestLog.conclude('platform.called', status >= 500 ? 'warn' : 'info')
  response.status(status)
  if (retryAfter !== undefined) response.set('retry-after', String(retryAfter))
  if (body.length > 0) response.set('content-type', contentType)
  response.end(body)
}

/**
 * The answer to a call that got none of Divar's.
 * @param isSafe whether the operation changes nothing, so that it may be repeated
 * @param consentUrl where the user can consent
 */
export function faultOf(outcome: NotAnswered, credential: Credential, isSafe: boolean, consentUrl?: string): Fault {
  const link = { ...(consentUrl !== undefined && { consent_url: consentUrl }) }
  switch (outcome.kind) {
    case 'consent_required':
      return new Fault(
        'consent_required',
        'No grant allows this call, and no token came along. Send the user to consent_url, where one is given, or a token in x-access-token or Authorization: Bearer.',
        { members: link },
      )
    case 'sender_ambiguous':
      return new Fault('sender_ambiguous', `Several users have granted this. Name the user: ${USER_HEADER}.`)
    case 'grant_unreadable':
      return new Fault(
        'grant_unreadable',
        'The stored grant of this user was altered, or its key is not in TOKEN_ENCRYPTION_KEY. Put the key back, or DELETE /grants/<grant_id> and let the user consent anew.',
        { members: { grant_id: outcome.grantId } },
      )
    case 'token_refused':
      return new Fault('token_refused', TOKEN_REFUSED[credential.kind], { members: link })
    case 'unusable':
      return new Fault(
        'platform_error',
        isSafe ? FLAWS[outcome.flaw] : `${FLAWS[outcome.flaw]} The call may have taken effect.`,
        { internal: outcome.flaw, members: { retryable: isSafe, divar: { status: outcome.status } } },
      )
    case 'not_sent':
      return new Fault('not_sent', 'Divar could not be reached; not a byte of the call was sent. Repeat later.', {
        internal: outcome.reason,
        members: { retryable: true },
      })
    case 'unknown':
      return new Fault(
        'unknown',
        isSafe
          ? 'Divar did not answer in time, or its answer broke off. Repeat later.'
          : 'Divar did not answer in a way that tells whether the call took effect. Repeating may do it twice.',
        { internal: outcome.reason, members: { retryable: isSafe } },
      )
    case 'unavailable':
      return new Fault(
        'platform_unavailable',
        'Divar has failed ten times in a row; not a byte of the call was sent. Repeat after Retry-After.',
        { members: { retryable: true }, retryAfter: outcome.retryAfterSeconds },
      )
  }
}

const FLAWS: Readonly<Record<Flaw, string>> = {
  status: 'Divar answered with a redirect, which is not followed, or with a status that HTTP does not have.',
  too_large: "Divar's answer is larger than 4 MiB. Ask for less, such as a smaller page.",
  no_json: 'Divar did not answer with JSON.',
}

const TOKEN_REFUSED: Readonly<Record<Credential['kind'], string>> = {
  token: "Divar refused the user's access token: it is wrong, expired or revoked. Get a new one by the user's consent.",
  grant: "Divar refused the token of this user's grant. Send the user to consent_url, where one is given.",
  app: "Divar refused the app's API key. Its operator has to check DIVAR_API_KEY.",
}

const FAILED: ReadonlySet<string> = new Set(['platform_error', 'not_sent', 'unknown', 'platform_unavailable'])

/** Calls that were tried and failed are a warning, refusals are not. */
export const logCallFault: FaultLogging = (code) =>
  FAILED.has(code) ? { event: 'platform.failed', level: 'warn' } : logRefusalAs('platform.refused')(code)
