import type { RequestHandler, Router } from 'express'
import * as z from 'zod'
import { callerOf } from '../access/authenticate-caller.ts'
import { Fault, type FieldError } from '../base/fault.ts'
import { controlError, NO_CONTROL, requiredId, fieldErrors, summarize } from '../base/fields.ts'
import { COMPLETION_URL } from '../click/click.ts'
import type { ConsentSubject } from './consent-scopes.ts'
import { TooManyFlowsError, type AuthorizationFlow } from './authorization-flow.ts'
import { answerFaults, problemShape, logRefusalAs } from '../http/answer-fault.ts'
import { readJsonBody } from '../http/body.ts'
import { createRouter, routesOn } from '../http/routes.ts'
import { checkLandingUrl, type LandingPolicy } from '../resolver/landing.ts'
import { SCOPE_WORDS, ScopeError } from '../scope/requested-scopes.ts'
import { requireNoQuery } from '../http/query.ts'
import { storeFaults } from '../store/store-faults.ts'

const FULL_RETRY_S = 60

const scopesError = `expected 1 to 20 of ${SCOPE_WORDS.join(', ')}, or scopes as the platform writes them`
const scopeText = z
  .string({ error: scopesError })
  .min(1, { error: scopesError })
  .max(512, { error: scopesError })
  .regex(NO_CONTROL, { error: controlError })

export const consentBody = z.object(
  {
    scopes: z.array(scopeText, { error: scopesError }).min(1, { error: scopesError }).max(20, { error: scopesError }),
    user_id: requiredId(128).nullish(),
    post_token: requiredId(64).nullish(),
    peer_id: requiredId(128).nullish(),
    conversation_id: requiredId(128).nullish(),
    return_url: z.string({ error: 'expected an https address' }),
  },
  { error: 'expected a JSON object' },
)
type Body = z.infer<typeof consentBody>

export type ConsentOptions = { requireCaller: RequestHandler; flow: AuthorizationFlow; policy: LandingPolicy }

/** Makes consent links for a caller's users. */
export function consentRoutes(options: ConsentOptions): Router {
  const routes = createRouter().use(options.requireCaller)
  routes.post('/consents', answerConsent(options))
  return routesOn({ '/consents': 'POST' }, routes).use(
    '/consents',
    storeFaults,
    answerFaults(problemShape, logRefusalAs('consent.link_refused')),
  )
}

function answerConsent({ flow, policy }: ConsentOptions): RequestHandler {
  return async (request, response) => {
    const { requestLog } = response.locals
    requireNoQuery(request)
    const body = readBody(await readJsonBody(request))
    const checked = checkLandingUrl(body.return_url, policy)
    if ('refused' in checked) throw invalid([{ pointer: '/return_url', detail: checked.refused }])
    const { id, url, expiresAt } = await begin(flow, body, checked.url, callerOf(response))
    requestLog.conclude('consent.link_created')
    response.status(201).json({ id, url, expires_at: expiresAt.toISOString() })
  }
}

function readBody(body: unknown): Body {
  const parsed = consentBody.safeParse(body)
  if (parsed.success) return parsed.data
  throw invalid(fieldErrors(parsed.error))
}

async function begin(flow: AuthorizationFlow, body: Body, landing: string, caller: string) {
  try {
    const destination = { landing, returnUrl: COMPLETION_URL }
    return await flow.begin(body.scopes, subjectOf(body), destination, { kind: 'caller', name: caller })
  } catch (error) {
    if (error instanceof TooManyFlowsError) {
      throw new Fault(
        'too_many_consents',
        'As many consents of this caller are open as may be. Each link ends within ten minutes; repeat after the seconds in Retry-After.',
        { retryAfter: FULL_RETRY_S },
      )
    }
    if (error instanceof ScopeError) throw invalid([{ pointer: '/scopes', detail: error.message }])
    throw error
  }
}

/** With a `peer_id` the ids are v1 ids, which Divar's users endpoint does not return. */
function subjectOf({ user_id, post_token, peer_id, conversation_id }: Body): ConsentSubject {
  const userId = user_id ?? undefined
  const postToken = post_token ?? undefined
  const conversationId = conversation_id ?? undefined
  if (peer_id === undefined || peer_id === null) return { userId, postToken, conversationId }
  if (userId === undefined || postToken === undefined) {
    throw invalid([
      { pointer: '/peer_id', detail: 'expected user_id and post_token beside it, which name a chat of v1' },
    ])
  }
  return { postToken, conversationId, triple: { userId, postToken, peerId: peer_id } }
}

function invalid(errors: FieldError[]): Fault {
  return new Fault('invalid_consent', summarize(errors), { errors })
}
