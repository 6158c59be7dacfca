import type { Response } from 'express'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { rateLimitHeaders } from '../base/rate-limit.ts'
import type { Reply } from '../http/answer-fault.ts'
import type { Repeat } from '../outbox/enqueue.ts'
import { faultOf } from './outcome-answer.ts'

const RUNNING_RETRY_S = 1
const FULL_RETRY_S = 10

const replySchema = z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() })

export function jsonReply(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  }
}

export function answerSaved({ status, headers, body }: Reply, response: Response): void {
  response.status(status).set(headers).end(body)
}

/**
 * Answers a request whose Idempotency-Key was used before.
 * @param present converts the saved reply to the form of this path; the first request may have used another
 */
export function answerRepeat(repeat: Repeat, response: Response, present: (saved: Reply) => Reply): void {
  const { requestLog } = response.locals
  switch (repeat.kind) {
    case 'replay':
      requestLog.fields['message_id'] = repeat.messageId
      requestLog.conclude('message.replayed')
      answerSaved(present(replySchema.parse(JSON.parse(repeat.reply))), response.set('idempotent-replayed', 'true'))
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
      requestLog.fields['message_id'] = repeat.messageId
      throw faultOf({ kind: 'unknown', cause: 'local', reason: 'its gateway ended' }, repeat.messageId)
  }
}

export function queueFull(limit: number): Fault {
  return new Fault(
    'queue_full',
    `Your queue holds ${limit} messages, its bound; send more slowly, or raise QUEUE_LIMIT`,
    {
      retryAfter: FULL_RETRY_S,
      headers: rateLimitHeaders('queue', limit, 0, FULL_RETRY_S),
    },
  )
}
