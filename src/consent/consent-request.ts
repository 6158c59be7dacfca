import * as z from 'zod'
import { Fault, type FieldError } from '../base/fault.ts'
import { controlError, fieldErrors, NO_CONTROL, requiredId, summarize } from '../base/fields.ts'
import { checkLandingUrl, type LandingPolicy } from '../resolver/resolve.ts'
import { SCOPE_WORDS } from '../scope/scope.ts'
import { findScopeErrors, type ConsentSubject } from './consent-scopes.ts'

const scopesError = `expected 1 to 20 of ${SCOPE_WORDS.join(', ')}, or scopes as the platform writes them`
const scopeText = z.string(scopesError).min(1, scopesError).max(512, scopesError).regex(NO_CONTROL, controlError)

const ids = {
  user_id: requiredId(128).nullish(),
  post_token: requiredId(64).nullish(),
  peer_id: requiredId(128).nullish(),
  conversation_id: requiredId(128).nullish(),
}

export const consentBody = z.object(
  {
    scopes: z.array(scopeText, scopesError).min(1, scopesError).max(20, scopesError),
    ...ids,
    return_url: z.string({ error: 'expected an https address' }),
  },
  { error: 'expected a JSON object' },
)

/** Takes the place of an id that is refused already, so that a scope that needs the id is not refused too. */
const REFUSED = 'refused'

/** The members that can be checked further, also when others are refused. */
const checkableBody = z.object({
  scopes: z.array(scopeText.optional().catch(undefined)).catch([]),
  user_id: ids.user_id.catch(REFUSED),
  post_token: ids.post_token.catch(REFUSED),
  peer_id: ids.peer_id.catch(REFUSED),
  conversation_id: ids.conversation_id.catch(REFUSED),
  return_url: z.string().optional().catch(undefined),
})
type Checkable = z.infer<typeof checkableBody>

/** A valid request for a consent link. */
type ConsentRequest = { scopes: string[]; subject: ConsentSubject; landing: string }

/** @throws Fault `invalid_consent` with every error of the body */
export function readConsentRequest(body: unknown, policy: LandingPolicy): ConsentRequest {
  const parsed = consentBody.safeParse(body)
  const checkable = checkableBody.safeParse(body).data
  const url = checkable?.return_url
  const landing = url === undefined ? undefined : checkLandingUrl(url, policy)
  const errors: FieldError[] = parsed.success ? [] : fieldErrors(parsed.error)
  if (checkable) errors.push(...findErrors(checkable))
  if (landing && 'refused' in landing) errors.push({ pointer: '/return_url', detail: landing.refused })
  if (!parsed.success || !landing || 'refused' in landing || errors.length > 0) {
    throw new Fault('invalid_consent', summarize(errors), { errors })
  }
  return { scopes: parsed.data.scopes, subject: subjectOf(parsed.data), landing: landing.url }
}

function findErrors(body: Checkable): FieldError[] {
  const words = body.scopes.filter((word) => word !== undefined)
  const ofScopes = findScopeErrors(words, subjectOf(body)).map((detail) => ({ pointer: '/scopes', detail }))
  const isHalfTriple = isGiven(body.peer_id) && !(isGiven(body.user_id) && isGiven(body.post_token))
  if (!isHalfTriple) return ofScopes
  return [
    ...ofScopes,
    { pointer: '/peer_id', detail: 'expected user_id and post_token beside it, which name a chat of v1' },
  ]
}

function isGiven(id: string | null | undefined): id is string {
  return id !== undefined && id !== null
}

/** With a `peer_id` the ids are v1 ids, which Divar's users endpoint does not return. */
function subjectOf({ user_id, post_token, peer_id, conversation_id }: Omit<Checkable, 'return_url'>): ConsentSubject {
  const userId = user_id ?? undefined
  const postToken = post_token ?? undefined
  const conversationId = conversation_id ?? undefined
  if (!isGiven(peer_id)) return { userId, postToken, conversationId }
  const triple = { userId: userId ?? REFUSED, postToken: postToken ?? REFUSED, peerId: peer_id }
  return { postToken: triple.postToken, conversationId, triple }
}
