import { describeError, type Logger } from '../observability/log.ts'
import { Counter } from '../observability/metrics.ts'
import { type Spans, newTrace, type Trace } from '../observability/trace.ts'
import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { FINAL_STATES, isToDivar, StoreError, WIRES, type Claimed, type Finish, type Leased } from '../store/store.ts'
import type { Backlog } from './enqueue.ts'
import type { Pacing } from './pacing.ts'
import type { Sealer } from './payload.ts'
import {
  attemptRecord,
  rateLimitOf,
  stateAfterAttempt,
  stateOfOnlyAttempt,
  type AttemptedMessage,
  type Attempts,
  type RetryPolicy,
} from './retry-policy.ts'
import type { CreateNotice, NoteNotice } from './webhooks.ts'
import type { DeliveryTarget, RateLimitHold, Workers } from './worker.ts'

export type DeliveryMetrics = ReturnType<typeof createDeliveryMetrics>

export function createDeliveryMetrics() {
  const ended = new Counter('wire', 'state')
  for (const wire of WIRES) for (const state of FINAL_STATES) ended.init(wire, state)
  const unopened = new Counter()
  unopened.init()
  return {
    attempts: new Counter('wire', 'outcome'),
    ended,
    /** Messages and notices that ended because their sealed row could not be opened. */
    unopened,
  }
}

type ClaimedDeliveryOptions = {
  attempts: Attempts
  clock: Pick<ClockWatch, 'isTrusted'>
  sealer: Sealer
  retry: RetryPolicy
  /** Makes the webhook notice of a final state; undefined without a status webhook. */
  createNotice?: CreateNotice | undefined
  noteNotice?: NoteNotice | undefined
  rateLimitHold: RateLimitHold
  /** Undefined without limits of the app's own. */
  pacing: Pacing | undefined
  workers: Pick<Workers, 'wake'>
  /** Counts the queued messages of each caller. */
  backlog: Pick<Backlog, 'remove'>
  metrics: DeliveryMetrics
  spans: Spans | undefined
  log: Logger
}

export type ClaimedDelivery = ReturnType<typeof createClaimedDelivery>

/** Delivers a claimed message once: commits the attempt's begin, sends, and commits its outcome. */
export function createClaimedDelivery(options: ClaimedDeliveryOptions) {
  const { attempts, clock, sealer, retry, rateLimitHold, pacing, workers, backlog, metrics, spans, log } = options

  /**
   * Never rejects.
   * @param claimedAt when its claim was sent to the store, by the monotonic clock
   * @param hasSlot resolves when the delivery may run, with false when it never may
   */
  const deliverClaimed = (
    message: Claimed,
    target: DeliveryTarget,
    claimedAt: number,
    hasSlot: Promise<boolean>,
  ): Promise<void> =>
    attempts.withMessageLock(message.id, async () => {
      let number: number | undefined
      try {
        if (!(await hasSlot)) {
          await attempts.release(message.id)
          return
        }
        const content = openContent(message)
        if (content === undefined) {
          await end(message, { next: { state: 'failed' } })
          return
        }
        const limitsMetBefore = rateLimitHold.limitsMet
        number = canSend(message, target) ? await attempts.begin(message) : undefined
        const isLimited = isToDivar(message.wire) && rateLimitHold.limitsMet > limitsMetBefore
        const { outcome, trace } =
          number === undefined || isLimited || !(await mayStillSend(message, claimedAt))
            ? NOT_SENT_NOW
            : await deliver(message, number, target, content)
        if (number === undefined || outcome.kind === 'unavailable') await attempts.release(message.id)
        else await settle(withTimeLeft(message, claimedAt), number, outcome, trace)
      } catch (error) {
        await recover(withTimeLeft(message, claimedAt), number, error)
      }
    })

  const canSend = ({ wire }: Claimed, target: DeliveryTarget): boolean =>
    target.capacity() > 0 && (!isToDivar(wire) || rateLimitHold.leftMs() === 0)

  const mayStillSend = async (message: Claimed, claimedAt: number): Promise<boolean> =>
    pacing === undefined || pacing.mayStillSend(message, claimedAt)

  /** Checks once more: the breaker may have opened while the begin was committed. */
  const deliver = async (
    message: Claimed,
    number: number,
    target: DeliveryTarget,
    content: string,
  ): Promise<Attempted> => {
    if (!canSend(message, target)) return NOT_SENT_NOW
    const { id, wire } = message
    // A new trace: that of the request is not stored, and may be a day old.
    const span = spans?.begin('internal', 'attempt', newTrace())
    const trace = span?.trace ?? newTrace()
    const outcome = await target.deliver(id, content, trace)
    const attributes = { [idField(wire)]: id, wire, attempt: number, outcome: outcome.kind }
    span?.end({ attributes, failed: outcomeRules[outcome.kind].level !== 'info' })
    return { outcome, trace }
  }

  /** Releases the message if its attempt had not begun; otherwise its outcome is unknown. */
  const recover = async (message: Claimed, number: number | undefined, error: unknown): Promise<void> => {
    if (error instanceof StoreError) log.warn({ event: 'store.failed', what: 'begin', ...describeStoreError(error) })
    else log.error({ event: 'outbox.failed', message_id: message.id, ...describeError(error) })
    if (number === undefined) await attempts.release(message.id)
    else await settle(message, number, { kind: 'unknown', cause: 'local', reason: 'the gateway failed' })
  }

  /** Commits an outcome: the message is queued again, or ends. */
  const settle = async (message: Claimed, number: number, outcome: Outcome, trace?: Trace): Promise<void> => {
    const next = message.inLine ? await nextOf({ ...message, outcome, number }) : stateOfOnlyAttempt(outcome)
    // A rate limit of one of the company's services does not hold messages to Divar.
    const limit = isToDivar(message.wire) ? rateLimitOf(outcome) : undefined
    await end(message, {
      attempt: attemptRecord(number, outcome),
      next,
      limit,
      answer: sealer.answer(message.id, outcome),
    })
    logAttempt(message, number, outcome, next.state, trace)
  }

  const nextOf = async (tried: AttemptedMessage): Promise<Finish['next']> => {
    const next = stateAfterAttempt(tried, retry, Math.random)
    const later = stateAfterAttempt({ ...tried, tryForMs: retry.forMs }, retry, Math.random)
    if (next.state === 'queued' || later.state !== 'queued') return next
    // It ends only because its time is over; a wrong clock must not decide that.
    const isTrusted = await clock.isTrusted().catch(() => true)
    return isTrusted ? next : later
  }

  /** Commits the end of an attempt or of the message, with its notice. */
  const end = async (message: Claimed, how: Omit<Finish, 'message' | 'notice'>): Promise<boolean> => {
    const state = FINAL_STATES.find((final) => final === how.next.state)
    const { id, caller, requestId } = message
    const begun = how.attempt?.number ?? message.attempts
    const notice =
      state === undefined || !isToDivar(message.wire)
        ? undefined
        : options.createNotice?.({ id, caller, requestId, state, attempts: begun, last: how.attempt })
    const commit = () => attempts.finish({ message, ...how, notice })
    const committed = await (how.limit ? rateLimitHold.whileCommitting(commit) : commit())
    if (how.attempt) metrics.attempts.count(message.wire, how.attempt.outcome)
    if (committed && state !== undefined) {
      metrics.ended.count(message.wire, state)
      if (message.inLine && message.wire !== 'webhook') backlog.remove(message)
      if (notice !== undefined) options.noteNotice?.(message.conversation, notice.id, state)
      // The next message of its conversation, or its notice, may be due.
      workers.wake()
    }
    return committed
  }

  /** Settles a message that a stopped gateway had claimed: unknown if its attempt had begun, queued again if not. */
  const settleAbandoned = (left: Leased): Promise<void> =>
    attempts.withMessageLock(left.id, async () => {
      const unknown: Outcome = { kind: 'unknown', cause: 'local', reason: 'its gateway ended' }
      if (left.attemptOpen) await settle(left, left.attempts, unknown)
      else if (left.inLine) await attempts.release(left.id)
      else await end(left, { next: { state: 'failed' }, idempotency: 'free' })
    })

  const openContent = (message: Claimed): string | undefined => {
    try {
      if (message.body === undefined) throw new Error('the content is gone')
      return sealer.openFor(message, message.body)
    } catch (error) {
      metrics.unopened.count()
      log.error({ event: 'store.sealed_row_unreadable', message_id: message.id, ...describeError(error) })
      return undefined
    }
  }

  const logAttempt = (message: Claimed, number: number, outcome: Outcome, state: string, trace?: Trace) => {
    // A refused event is lost to its receiver unless an operator retries it.
    const isRefused = message.wire === 'event' && state === 'rejected'
    log[state === 'failed' || isRefused ? 'error' : outcomeRules[outcome.kind].level]({
      event: `${subjectOf(message.wire)}.${outcome.kind}`,
      request_id: message.requestId,
      ...(trace && { trace_id: trace.traceId }),
      [idField(message.wire)]: message.id,
      caller: message.caller,
      wire: message.wire,
      attempt: number,
      state,
      ...(message.isProbe && { probe: true }),
      ...('divar' in outcome && { divar_status: outcome.divar.status }),
      ...('reason' in outcome && { reason: outcome.reason }),
    })
  }

  return { deliverClaimed, end, settleAbandoned }
}

/** The outcome of an attempt, and its trace. */
type Attempted = { outcome: Outcome; trace?: Trace }

/** Nothing is sent; the message is released, and claimed again when it can be sent. */
const NOT_SENT_NOW: Attempted = { outcome: { kind: 'unavailable', retryAfterSeconds: 0 } }

/** The message with the retry time that is left now. */
function withTimeLeft(message: Claimed, claimedAt: number): Claimed {
  return { ...message, tryForMs: Math.round(message.tryForMs - (performance.now() - claimedAt)) }
}

function subjectOf(wire: Claimed['wire']): 'notice' | 'event' | 'message' {
  if (wire === 'webhook') return 'notice'
  return wire === 'event' ? 'event' : 'message'
}

function idField(wire: Claimed['wire']): string {
  return `${subjectOf(wire)}_id`
}
