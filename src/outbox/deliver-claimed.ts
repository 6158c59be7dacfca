import { describeError, type Logger } from '../observability/log.ts'
import type { Spans } from '../observability/spans.ts'
import { newTrace, type Trace } from '../observability/trace.ts'
import { outcomeRules, type Outcome } from '../divar/outcome.ts'
import type { ClockWatch } from '../store/clock-watch.ts'
import { describeStoreError } from '../store/store-faults.ts'
import {
  FINAL_STATES,
  StoreError,
  type Claimed,
  type FinalState,
  type Finish,
  type Limit,
  type NewMessage,
  type Held,
} from '../store/store.ts'
import { attemptRecord, type Attempts } from './attempts.ts'
import type { OutboxMetrics } from './metrics.ts'
import type { DeliveryTarget } from './worker.ts'
import type { Ended } from './status-webhook.ts'
import type { Sealer } from './payload.ts'
import type { RateLimitHold } from './rate-limit-hold.ts'
import {
  rateLimitOf,
  stateAfterAttempt,
  stateOfOnlyAttempt,
  type RetryPolicy,
  type Tried as TriedMessage,
} from './retry-policy.ts'

export type ClaimedDeliveryOptions = {
  attempts: Attempts
  clock: Pick<ClockWatch, 'isBelieved'>
  sealer: Sealer
  retry: RetryPolicy
  /** Makes the notice of a final state, where notices are wanted. */
  createNotice?: ((ended: Ended) => NewMessage) | undefined
  rateLimitHold: RateLimitHold
  metrics: OutboxMetrics
  spans: Spans | undefined
  /** Told of each message that has ended. */
  onEnded: (message: Claimed) => void
  log: Logger
}

export type ClaimedDelivery = ReturnType<typeof createClaimedDelivery>

/** One delivery of a claimed message: begun, tried, and its outcome committed with all that follows from it. */
export function createClaimedDelivery(options: ClaimedDeliveryOptions) {
  const { attempts, sealer, rateLimitHold, metrics, spans, log } = options

  /** Never rejects. */
  const deliverClaimed = (message: Claimed, target: DeliveryTarget): Promise<void> =>
    attempts.alone(message.id, () => deliverLocked(message, target))

  const deliverLocked = async (message: Claimed, target: DeliveryTarget): Promise<void> => {
    const takenAt = performance.now()
    let number: number | undefined
    try {
      const content = openContent(message)
      if (content === undefined) {
        await end(message, { next: { state: 'failed' } })
        return
      }
      const limitsBefore = rateLimitHold.met
      number = canSend(message, target) ? await attempts.begin(message) : undefined
      const isLimited = message.wire !== 'webhook' && rateLimitHold.met > limitsBefore
      const { outcome, trace } =
        number === undefined || isLimited ? NOT_NOW : await deliver(message, number, target, content)
      if (number === undefined || outcome.kind === 'unavailable') await attempts.release(message.id)
      else await settle(withTimeLeft(message, takenAt), number, outcome, trace)
    } catch (error) {
      await recover(withTimeLeft(message, takenAt), number, error)
    }
  }

  const canSend = ({ wire }: Claimed, target: DeliveryTarget): boolean =>
    target.capacity() > 0 && (wire === 'webhook' || rateLimitHold.leftMs() === 0)

  /** An open breaker may have come while the beginning was committed. */
  const deliver = async (message: Claimed, number: number, target: DeliveryTarget, content: string): Promise<Tried> => {
    if (!canSend(message, target)) return NOT_NOW
    const { id, wire } = message
    // Each attempt begins a trace: that of the request that queued the message is not kept, and may be a day old.
    const span = spans?.begin('internal', 'attempt', newTrace())
    const trace = span?.trace ?? newTrace()
    const outcome = await target.deliver(id, content, trace)
    const attributes = { [idField(wire)]: id, wire, attempt: number, outcome: outcome.kind }
    span?.end({ attributes, failed: outcomeRules[outcome.kind].level !== 'info' })
    return { outcome, trace }
  }

  /** What failed before the attempt began may go again; after that nobody knows. */
  const recover = async (message: Claimed, number: number | undefined, error: unknown): Promise<void> => {
    if (error instanceof StoreError) log.warn({ event: 'store.failed', what: 'begin', ...describeStoreError(error) })
    else log.error({ event: 'outbox.failed', message_id: message.id, ...describeError(error) })
    if (number === undefined) await attempts.release(message.id)
    else await settle(message, number, { kind: 'unknown', cause: 'local', reason: 'the gateway failed' })
  }

  /** Commits an outcome; the message is tried again later, or ends. */
  const settle = async (message: Claimed, number: number, outcome: Outcome, trace?: Trace): Promise<void> => {
    const next = message.inLine ? await nextOf({ ...message, outcome, number }) : stateOfOnlyAttempt(outcome)
    await end(message, { attempt: attemptRecord(number, outcome), next, limit: limitFor(message, outcome) })
    logAttempt(message, number, outcome, next.state, trace)
  }

  const nextOf = async (tried: TriedMessage): Promise<Finish['next']> => {
    const next = stateAfterAttempt(tried, options.retry, Math.random)
    const later = stateAfterAttempt({ ...tried, tryForMs: options.retry.forMs }, options.retry, Math.random)
    if (next.state === 'queued' || later.state !== 'queued') return next
    // It ends only because its time is over, which a wrong clock must not say.
    const isBelieved = await options.clock.isBelieved().catch(() => true)
    return isBelieved ? next : later
  }

  /** Commits an end, with its notice. */
  const end = async (message: Claimed, how: Omit<Finish, 'message' | 'notice'>): Promise<boolean> => {
    const state = finalState(how.next.state)
    const { id, caller, requestId } = message
    const notice =
      state === undefined || message.wire === 'webhook'
        ? undefined
        : options.createNotice?.({
            id,
            caller,
            requestId,
            state,
            attempts: how.attempt?.number ?? message.attempts,
            last: how.attempt,
          })
    const commit = () => attempts.finish({ message, ...how, notice })
    const held = await (how.limit ? rateLimitHold.whileCommitting(commit) : commit())
    if (how.attempt) metrics.attempts.count(message.wire, how.attempt.outcome)
    if (held && state !== undefined) {
      metrics.ended.count(message.wire, state)
      options.onEnded(message)
    }
    return held
  }

  /** What a gateway that is gone has left behind: what it had begun has an unknown outcome, what it had not is queued again. */
  const settleAbandoned = (left: Held): Promise<void> => attempts.alone(left.id, () => settleAbandonedLocked(left))

  const settleAbandonedLocked = async (left: Held): Promise<void> => {
    if (left.attemptOpen) {
      await settle(left, left.attempts, { kind: 'unknown', cause: 'local', reason: 'its gateway ended' })
    } else if (left.inLine) {
      await attempts.release(left.id)
    } else {
      await end(left, { next: { state: 'failed' }, idempotency: 'free' })
    }
  }

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
    log[levelOf(outcome, state)]({
      event: `${message.wire === 'webhook' ? 'notice' : 'message'}.${outcome.kind}`,
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

/** How an attempt ended, and in which trace. */
type Tried = { outcome: Outcome; trace?: Trace }

/** Nothing is sent, and whoever claims next is told when it may be. */
const NOT_NOW: Tried = { outcome: { kind: 'unavailable', retryAfterSeconds: 0 } }

/** With the time that it has left by now. */
function withTimeLeft(message: Claimed, takenAt: number): Claimed {
  return { ...message, tryForMs: message.tryForMs - (performance.now() - takenAt) }
}

function idField(wire: Claimed['wire']): 'notice_id' | 'message_id' {
  return wire === 'webhook' ? 'notice_id' : 'message_id'
}

/** A service's own webhook asks for no pause of Divar's. */
function limitFor({ wire }: Claimed, outcome: Outcome): Limit | undefined {
  return wire === 'webhook' ? undefined : rateLimitOf(outcome)
}

function finalState(state: string): FinalState | undefined {
  return FINAL_STATES.find((one) => one === state)
}

function levelOf(outcome: Outcome, state: string): 'info' | 'warn' | 'error' {
  return state === 'failed' ? 'error' : outcomeRules[outcome.kind].level
}
