import type { Response } from 'express'
import * as z from 'zod'
import { Fault, type FaultCode } from '../base/fault.ts'
import { rateLimitHeaders } from '../base/rate-limit.ts'
import type { wireOf } from '../divar/deliver.ts'
import { adviceFor, outcomeRules, type Outcome, type OutcomeRule } from '../divar/outcome.ts'
import { logRefusalAs, problemShape, type FaultLogging } from '../http/answer-fault.ts'
import { jsonReply, sendReply, type Reply } from '../http/listener.ts'
import type { Repeat } from '../outbox/enqueue.ts'

const rules: ReadonlyMap<string, OutcomeRule> = new Map(Object.entries(outcomeRules))

/** When Divar's 429 has no Retry-After: its limits are per minute and per day. */
const DEFAULT_RETRY_AFTER_S = 60

export type Delivered = Extract<Outcome, { kind: 'delivered' }>
export type NotDelivered = Exclude<Outcome, Delivered>

/**
 * The answer to a delivered message, as Divar itself answers.
 * @param ignored pointers to the members that were not read
 */
export function deliveredBody({ conversationId }: Delivered, id: string, ignored: readonly string[]) {
  const conversation = conversationId !== undefined && { conversation_id: conversationId }
  return { status: 200, message: 'success', id, ...conversation, ...(ignored.length > 0 && { ignored }) }
}

/** The message that is answered; its wire is unknown when another request has sent it. */
type About = { id: string; wire?: ReturnType<typeof wireOf> }

/**
 * The answer to a message that was not delivered, or perhaps not.
 * @param consentUrl where the user can consent
 */
export function faultOf(outcome: NotDelivered, { id, wire }: About, consentUrl?: string): Fault {
  const { retryable } = outcomeRules[outcome.kind]
  const code: FaultCode = outcome.kind === 'unavailable' ? 'platform_unavailable' : outcome.kind
  return new Fault(code, adviceFor(outcome.kind, wire), {
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

/** The response to save: always in the form of `/messages`. */
export function replyOf(outcome: Outcome, about: About, ignored: readonly string[], requestId: string): Reply {
  return outcome.kind === 'delivered'
    ? jsonReply(200, deliveredBody(outcome, about.id, ignored))
    : problemShape(faultOf(outcome, about), requestId)
}

/** Sends that were tried are logged by their outcome. An error is the gateway's own: nothing was tried. */
export const logSendFault: FaultLogging = (code) => {
  const level = code === 'store_outcome_unknown' ? 'warn' : outcomeLevel(code)
  if (level === undefined || level === 'error') return logRefusalAs('message.refused')(code)
  return { event: `message.${code}`, level }
}

/** The log level of the outcome that was answered with this code; undefined when it is the code of no outcome. */
function outcomeLevel(code: FaultCode): OutcomeRule['level'] | undefined {
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

const RUNNING_RETRY_S = 1
const FULL_RETRY_S = 10

const replySchema = z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() })

/**
 * Answers a request whose Idempotency-Key was used before.
 * @param present converts the saved reply to the form of this path; the first request may have used another
 */
export function answerRepeat(repeat: Repeat, response: Response, present: (saved: Reply) => Reply): void {
  const { requestLog } = response.locals
  if ('messageId' in repeat) requestLog.fields['message_id'] = repeat.messageId
  switch (repeat.kind) {
    case 'replay':
      requestLog.conclude('message.replayed')
      sendReply(present(replySchema.parse(JSON.parse(repeat.reply))), response.set('idempotent-replayed', 'true'))
      return
    case 'running':
      throw new Fault(
        'idempotency_key_running',
        'Idempotency-Key: the first request with this key is still running; repeat to get its answer',
        { retryAfter: RUNNING_RETRY_S },
      )
    case 'mismatch':
      throw new Fault(
        'idempotency_key_reused',
        'Idempotency-Key: this key was used for another message; take a new key for each message',
      )
    case 'lost':
      throw faultOf({ kind: 'unknown', cause: 'local', reason: 'its gateway ended' }, { id: repeat.messageId })
  }
}

export function queueFull(limit: number): Fault {
  const detail = `Your queue holds ${limit} messages, which is its limit; send more slowly, or raise QUEUE_LIMIT`
  const headers = rateLimitHeaders('queue', limit, 0, FULL_RETRY_S)
  return new Fault('queue_full', detail, { retryAfter: FULL_RETRY_S, headers })
}

export function tooManySends(perMinute: number, retryAfter: number): Fault {
  const detail = `You sent ${perMinute} messages within a minute, which is your limit; send more slowly, or raise SENDS_PER_MINUTE`
  return new Fault('too_many_sends', detail, { retryAfter })
}
