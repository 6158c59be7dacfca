import { Router, type Request, type RequestHandler, type Response } from 'express'
import type { CallerGate } from '../access/caller-gate.ts'
import { Fault, type FaultCode } from '../base/fault.ts'
import { newId } from '../base/id.ts'
import type { Outcome, OutcomeKind } from '../delivery/outcome.ts'
import { wireOf, type Deliver } from '../delivery/platform.ts'
import { answerFaults, problemShape, refusedAs, type Verdict } from '../http/answer-fault.ts'
import { readJsonBody } from '../http/body.ts'
import { methodNotAllowed } from '../http/endings.ts'
import { parseMessage } from '../message/parse-message.ts'
import { readUserToken } from './user-token.ts'

/** The platform's own, so that an SDK can have the gateway as its host. */
const PLATFORM_PATHS = [
  '/v2/open-platform/chat/conversation',
  '/v2/open-platform/conversations/:conversation_id/messages',
]
const SEND_PATHS = ['/messages', ...PLATFORM_PATHS]

export type MessageOptions = { gate: CallerGate; deliver: Deliver }

/** Sends: one attempt now, and the answer is its outcome. */
export function messageRoutes(options: MessageOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  router.post(SEND_PATHS, answerSend(options))
  router.all(PLATFORM_PATHS, methodNotAllowed('POST'))
  router.options('/messages', methodNotAllowed('GET, HEAD, POST'))
  router.use(answerFaults(problemShape, verdictOn))
  return router
}

function answerSend({ gate, deliver }: MessageOptions): RequestHandler {
  return async (request, response) => {
    const { unit } = response.locals
    unit.fields['caller'] = gate(request).name
    refuseStored(request)
    const message = parseMessage(await readJsonBody(request), conversationOf(request))
    const token = readUserToken(request.headers)
    const id = newId('msg')
    Object.assign(unit.fields, { message_id: id, wire: wireOf(message.address) })
    answerOutcome(await deliver(message, token), id, response)
  }
}

/** What is promised beyond this answer needs a store to keep the promise in. */
function refuseStored(request: Request): void {
  if (request.headers['idempotency-key'] !== undefined) {
    throw new Fault('store_required', 'Idempotency-Key: this gateway runs without a store; send without this header')
  }
  if (/(?:^|,)\s*respond-async\s*(?:[;,=]|$)/i.test(request.get('prefer') ?? '')) {
    throw new Fault(
      'store_required',
      'Prefer: respond-async needs a store, and this gateway runs without; send without it',
    )
  }
}

function conversationOf(request: Request): string | undefined {
  const id = request.params['conversation_id']
  return typeof id === 'string' ? id : undefined
}

function answerOutcome(outcome: Outcome, id: string, response: Response): void {
  const { unit } = response.locals
  if ('divar' in outcome) {
    unit.fields['divar_status'] = outcome.divar.status
    if (typeof outcome.divar.code === 'number') unit.fields['divar_code'] = outcome.divar.code
  }
  if ('reason' in outcome) unit.fields['reason'] = outcome.reason
  if (outcome.kind === 'delivered') {
    unit.conclude('message.delivered')
    response.json({ status: 200, message: 'success', id })
    return
  }
  const { advice, retryable } = refusals[outcome.kind]
  throw new Fault(outcome.kind, advice, {
    members: { id, outcome: outcome.kind, retryable, ...('divar' in outcome && { divar: outcome.divar }) },
    ...('retryAfterSeconds' in outcome && { retryAfter: outcome.retryAfterSeconds }),
  })
}

/** Sends that were tried are logged by their outcome; a warning when it was neither a yes nor a no. */
const verdictOn: Verdict = (code) => {
  if (!(code in refusals)) return refusedBeforeSending(code)
  return { event: `message.${code}`, level: UNSETTLED.has(code) ? 'warn' : 'info' }
}

const refusedBeforeSending = refusedAs('message.refused')

const UNSETTLED: ReadonlySet<FaultCode> = new Set(['platform_error', 'not_sent', 'unknown'])

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
}
