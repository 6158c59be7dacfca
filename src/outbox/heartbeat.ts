import type { Logger } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { describeStoreError } from '../store/store-faults.ts'
import { CLOCK_TOLERANCE_MS, type Leased, type MaintenanceStore, type OutboxStore } from '../store/store.ts'
import type { Attempts } from './retry-policy.ts'

/** A third of the lease: two heartbeats may get lost. */
const BEAT_EVERY_MS = 10_000
/** How often to look for messages of gateways whose lease has ended. */
const ADOPT_EVERY_MS = 5000
const ADOPT_BATCH = 100
/**
 * A gateway that has not reached the store for this long takes nothing over yet: most likely no other has reached it either. They first
 * get time to renew their leases and to commit their outcomes; otherwise messages known to be delivered would end as unknown.
 */
const CUT_OFF_MS = 15_000
const TAKEOVER_DELAY_MS = 15_000
/** How long a stop waits for a store that is away. */
const LEAVE_TIMEOUT_MS = 2000

type HeartbeatOptions = {
  store: Pick<OutboxStore, 'adopt' | 'heartbeat' | 'leave'> & Pick<MaintenanceStore, 'readClock'>
  attempts: Pick<Attempts, 'owner' | 'isLocked'>
  settleAbandoned: (left: Leased) => Promise<void>
  log: Logger
}

/** Renews this gateway's lease, and takes over the messages of gateways whose lease has ended. */
export function createHeartbeat({ store, attempts, settleAbandoned, log }: HeartbeatOptions) {
  const { owner } = attempts
  const timers: NodeJS.Timeout[] = []
  const working = new Set<Promise<void>>()
  /** Messages that the store had as ours at the last look, while no code here was working on them. */
  let lastStrays = new Set<string>()
  let reachedAt = 0
  let takeoverAfter = 0
  /** The database's clock minus the monotonic one, at the last look. */
  let lastOffset: number | undefined

  const logFailure = (what: string) => (error: unknown) => {
    log.warn({ event: 'store.failed', what, ...describeStoreError(error) })
  }

  const check = async (): Promise<void> => {
    const wasCutOff = (await hasClockMoved()) || performance.now() - reachedAt > CUT_OFF_MS
    if (!wasCutOff && performance.now() >= takeoverAfter) {
      await adopt()
      return
    }
    await store.heartbeat(owner)
    reachedAt = performance.now()
    if (wasCutOff) takeoverAfter = reachedAt + TAKEOVER_DELAY_MS
  }

  /** After a jump of the clock, leases of running gateways look ended. */
  const hasClockMoved = async (): Promise<boolean> => {
    const offset = (await store.readClock()).nowMs - performance.now()
    const before = lastOffset ?? offset
    lastOffset = offset
    return Math.abs(offset - before) > CLOCK_TOLERANCE_MS
  }

  /**
   * Settles messages of gateways that have stopped, and strays: our own claims whose commit's answer got lost. A stray must be seen
   * twice, because a message that was just claimed looks like one.
   */
  const adopt = async (): Promise<void> => {
    // One that the store refuses to settle must wait for the next round.
    const tried = new Set<string>()
    for (;;) {
      const leased = await store.adopt(owner, ADOPT_BATCH)
      reachedAt = performance.now()
      const strays = leased.filter(({ id }) => !attempts.isLocked(id))
      const left = strays.filter(({ id, takenOver }) => !tried.has(id) && (takenOver || lastStrays.has(id)))
      lastStrays = new Set(strays.map(({ id }) => id))
      if (left.length === 0) return
      for (const { id } of left) tried.add(id)
      log.warn({ event: 'outbox.taken_over', messages: left.length })
      await Promise.all(left.map(settleAbandoned))
    }
  }

  const every = (ms: number, what: string, work: () => Promise<void>): void => {
    let busy = false
    const timer = setInterval(() => {
      if (busy) return
      busy = true
      const done = work()
        .catch(logFailure(what))
        .finally(() => {
          busy = false
          working.delete(done)
        })
      working.add(done)
    }, ms)
    timers.push(timer)
  }

  return {
    /** Settles abandoned messages before anything else is sent. */
    start: async (): Promise<void> => {
      await adopt()
      every(BEAT_EVERY_MS, 'heartbeat', () => store.heartbeat(owner))
      every(ADOPT_EVERY_MS, 'adopt', check)
    },
    stop: async (): Promise<void> => {
      for (const timer of timers) clearInterval(timer)
      // If this fails, the lease ends by itself.
      const leave = Promise.all(working).then(() => store.leave(owner))
      await withTimeout(LEAVE_TIMEOUT_MS, leave.catch(logFailure('leave')))
    },
  }
}
