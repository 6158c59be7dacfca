import { AsyncLocalStorage } from 'node:async_hooks'
import { withTimeout } from '../base/timeout.ts'
import { StoreError, type StoreMethods } from './store.ts'

export type MethodName = keyof StoreMethods

/** Whether each method reads or writes. A failed read is always safe to repeat. */
const METHODS: Readonly<Record<MethodName, 'reads' | 'writes'>> = {
  accept: 'writes',
  findRepeat: 'reads',
  claim: 'writes',
  begin: 'writes',
  finish: 'writes',
  release: 'writes',
  findDueTimes: 'reads',
  queueTimed: 'writes',
  endExpired: 'writes',
  countSends: 'writes',
  holdForRateLimit: 'writes',
  resetRateLimitBackoff: 'writes',
  heartbeat: 'writes',
  adopt: 'writes',
  leave: 'writes',
  find: 'reads',
  findCaller: 'reads',
  list: 'reads',
  retry: 'writes',
  readBody: 'reads',
  cancel: 'writes',
  findRetryable: 'reads',
  findCancellable: 'reads',
  readContents: 'reads',
  retryMessages: 'writes',
  cancelMessages: 'writes',
  readAttention: 'reads',
  readSize: 'reads',
  wipe: 'writes',
  purge: 'writes',
  findRowsUnderOtherKeys: 'reads',
  reseal: 'writes',
  readClock: 'reads',
  confirmClock: 'writes',
  correctFutureTimes: 'writes',
  keysInUse: 'reads',
  backlog: 'reads',
  saveClick: 'writes',
  findClick: 'reads',
  addConsent: 'writes',
  addConsents: 'writes',
  openConsent: 'writes',
  endConsent: 'writes',
  addGrant: 'writes',
  findGrantsByName: 'reads',
  findGrant: 'reads',
  listGrants: 'reads',
  deleteGrant: 'writes',
  claimRefresh: 'writes',
  commitRefresh: 'writes',
  endGrant: 'writes',
  backOffRefresh: 'writes',
  findExpiringGrants: 'reads',
  expire: 'writes',
  findGrantsUnderOtherKeys: 'reads',
  resealGrants: 'writes',
  countGrants: 'reads',
  endGrants: 'writes',
  deleteEndedGrants: 'writes',
  findConsents: 'reads',
  deleteConsents: 'writes',
  findContents: 'reads',
  eraseMessages: 'writes',
  putSubscription: 'writes',
  listSubscriptions: 'reads',
  deleteSubscription: 'writes',
  markSubscriptionsDue: 'writes',
  claimSubscription: 'writes',
  finishSubscription: 'writes',
  countSubscriptions: 'reads',
  eraseSubscriptions: 'writes',
  findSubscriptionsUnderOtherKeys: 'reads',
  resealSubscriptions: 'writes',
  addNotes: 'writes',
  findTimeline: 'reads',
  findConversation: 'reads',
  deleteNotes: 'writes',
  ping: 'writes',
}

export type Parameter<Name extends MethodName> = Parameters<StoreMethods[Name]>
export type Result<Name extends MethodName> = Promise<Awaited<ReturnType<StoreMethods[Name]>>>

/** The store's methods: each calls `call` with its name and its parameters. */
export function createMethods(
  call: <Name extends MethodName>(name: Name, ...parameters: Parameter<Name>) => Result<Name>,
): StoreMethods {
  const methods: Partial<Record<MethodName, unknown>> = {}
  const method =
    <Name extends MethodName>(name: Name) =>
    (...parameters: Parameter<Name>): Result<Name> =>
      call(name, ...parameters)
  let name: MethodName
  for (name in METHODS) methods[name] = method(name)
  const isWhole = (some: typeof methods): some is StoreMethods =>
    Object.keys(some).length === Object.keys(METHODS).length
  if (!isWhole(methods)) throw new Error('a method of the store is missing')
  return methods
}

/** Timeout of one call with all of its statements; much less than a lease. */
export const CALL_TIMEOUT_MS = 10_000

/** The connection failed after a commit was sent and before its answer came: the commit may have taken effect. */
export class LostAnswerError extends Error {
  constructor(cause: unknown) {
    super('the answer to a commit was lost', { cause })
    this.name = 'LostAnswerError'
  }
}

/** A call that is still `open` can be given up without any effect. */
type Progress = { state: 'open' | 'committing' | 'given_up' }

const calls = new AsyncLocalStorage<Progress>()

/**
 * Call this before sending anything that commits.
 * @throws StoreError when the call has been given up, and its caller was answered that nothing was done
 */
export function beginCommit(): void {
  const progress = calls.getStore()
  if (progress === undefined) return
  if (progress.state === 'given_up') throw new StoreError('the call was given up before its commit', undefined)
  progress.state = 'committing'
}

/** Runs a call in the database, with a timeout. The call can be given up until its commit begins. */
export function runCall<Result>(name: MethodName, call: () => Promise<Result>): Promise<Result> {
  const progress: Progress = { state: 'open' }
  const giveUp = () => {
    if (progress.state === 'committing') return false
    progress.state = 'given_up'
    return true
  }
  return withCallTimeout(name, () => calls.run(progress, call), giveUp)
}

/**
 * Every failure is a StoreError that says whether the call may have been committed.
 * @param giveUp prevents the commit; returns whether that was still possible
 */
export async function withCallTimeout<Result>(
  name: MethodName,
  call: () => Promise<Result>,
  giveUp: () => boolean,
): Promise<Result> {
  try {
    const done = await withTimeout(CALL_TIMEOUT_MS, call())
    if (done !== undefined) return done.value
    throw new StoreError('the store did not answer in time', undefined, { mayHaveCommitted: !giveUp() })
  } catch (error) {
    const failure = toStoreError(error)
    const { message, cause, mayHaveCommitted } = failure
    throw mayHaveCommitted && METHODS[name] === 'reads' ? new StoreError(message, cause) : failure
  }
}

function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const isLost = error instanceof LostAnswerError
  return new StoreError('the store failed', isLost ? error.cause : error, { mayHaveCommitted: isLost })
}
