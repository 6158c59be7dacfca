import type { Standing, AttentionReading } from '../store/attention-store.ts'
import type { LastDay } from '../observability/last-day.ts'
import type { BreakerState } from '../outbound/breaker.ts'

/** How long one reading is answered to everyone who asks. */
const SAME_FOR_MS = 3000

const OLD_S = 15 * 60
const VERY_OLD_S = 60 * 60

type Level = 'ok' | 'attention' | 'danger'

/** `count`, `since` and `value` are absent where the code has none, and null where they could not be read. */
type Item = {
  code: string
  level: Level
  count?: number | null
  since?: string | null
  value?: string | number | null
}

/** Calls of Divar's that this process answered. */
export type LastDays = Record<'sessions' | 'events' | 'actions', LastDay>

export type AttentionSources = {
  isStoreUp: () => boolean
  /** Reads the store; rejects while it is away. */
  read: () => Promise<AttentionReading>
  /** Messages that are queued or being sent, by the last count; undefined while the store is away. */
  queued: () => { messages: number; oldestMs: number } | undefined
  /** Until the app's own limits let the next queued message go; 0 when none waits for that. */
  pacingWaitMs: () => number
  isClockDoubted: () => boolean
  unreadableGrants: () => number
  unopenedRows: () => number
  subscriptions: () => { failed: number; waiting: number } | undefined
  /** When the last backup succeeded; undefined when none is set up, or it cannot be read. */
  lastBackupAt: () => number | undefined
  backupEveryMs: number | undefined
  breakers: readonly { host: string; state: () => BreakerState }[]
  linesLost: () => number
  /** Notes for the timeline that this process dropped. */
  notesDropped: () => number
  lastDays: LastDays
}

export type Attention = {
  at: string
  items: Item[]
  last_24_hours: { of: 'this process'; since: string } & Record<keyof LastDays, Day>
}
type Day = { count: number; errors: number; error_share: number; p99_ms: number | null }

/** Makes the function that tells what needs an operator's attention now. It never rejects. */
export function createAttention(sources: AttentionSources): () => Promise<Attention> {
  const startedAt = Date.now()
  let last: { at: number; reading: Promise<Attention> } | undefined
  const look = async (): Promise<Attention> => {
    const read = sources.isStoreUp() ? await sources.read().catch(() => undefined) : undefined
    const since = Math.max(startedAt, Date.now() - 24 * 60 * 60 * 1000)
    const { sessions, events, actions } = sources.lastDays
    return {
      at: showTime(Date.now()),
      items: itemsOf(sources, read),
      last_24_hours: {
        of: 'this process',
        since: showTime(since),
        sessions: showDay(sessions),
        events: showDay(events),
        actions: showDay(actions),
      },
    }
  }
  return () => {
    if (last === undefined || performance.now() - last.at > SAME_FOR_MS)
      last = { at: performance.now(), reading: look() }
    return last.reading
  }
}

function itemsOf(sources: AttentionSources, read: AttentionReading | undefined): Item[] {
  const isUp = sources.isStoreUp()
  const isDoubted = sources.isClockDoubted()
  const subscriptions = sources.subscriptions()
  const failing = sources.breakers.filter(({ state }) => state() !== 'closed').map(({ host }) => host)
  return [
    { code: 'store', level: isUp ? 'ok' : 'danger', value: isUp ? 'ok' : 'away' },
    { code: 'clock', level: isDoubted ? 'attention' : 'ok', value: isDoubted ? 'doubted' : 'trusted' },
    standing('messages_failed', 'attention', read?.failed),
    standing('messages_unknown', 'attention', read?.unknown),
    standing('messages_expired', 'attention', read?.expired),
    waiting(sources.queued()),
    { code: 'breakers', level: levelOf(failing.length, 'danger'), count: failing.length, value: failing.join(', ') },
    pause(read),
    pacing(sources.pacingWaitMs()),
    counted('grants_unreadable', 'danger', sources.unreadableGrants()),
    counted('rows_set_aside', 'danger', sources.unopenedRows()),
    standing('notices_failing', 'attention', read?.notices),
    standing('events_failing', 'danger', read?.events),
    counted('subscriptions_failed', 'attention', subscriptions?.failed),
    counted('subscriptions_waiting', 'ok', subscriptions?.waiting),
    counted('log_lines_lost', 'attention', sources.linesLost()),
    counted('timeline_notes_dropped', 'ok', sources.notesDropped()),
    backup(sources),
  ]
}

function counted(code: string, level: Level, count: number | undefined): Item {
  return { code, level: levelOf(count ?? 0, level), count: count ?? null }
}

function standing(code: string, level: Level, read: Standing | undefined): Item {
  return { ...counted(code, level, read?.count), since: showTimeOrNull(read?.since) }
}

function levelOf(count: number, level: Level): Level {
  return count > 0 ? level : 'ok'
}

function waiting(queued: ReturnType<AttentionSources['queued']>): Item {
  if (queued === undefined) return { code: 'messages_waiting', level: 'ok', count: null, since: null, value: null }
  const ageS = queued.messages === 0 ? 0 : Math.max(Math.round(queued.oldestMs / 1000), 0)
  return {
    code: 'messages_waiting',
    level: ageS > VERY_OLD_S ? 'danger' : ageS > OLD_S ? 'attention' : 'ok',
    count: queued.messages,
    since: queued.messages === 0 ? null : showTime(Date.now() - queued.oldestMs),
    value: ageS,
  }
}

function pause(read: AttentionReading | undefined): Item {
  const held = read?.pause
  const leftS = read === undefined ? null : Math.ceil((held?.leftMs ?? 0) / 1000)
  return {
    code: 'rate_limit_pause',
    level: held === undefined ? 'ok' : 'attention',
    since: showTimeOrNull(held?.since),
    value: leftS,
  }
}

function pacing(waitMs: number): Item {
  return { code: 'pacing', level: levelOf(waitMs, 'attention'), value: Math.ceil(waitMs / 1000) }
}

function backup({ lastBackupAt, backupEveryMs }: AttentionSources): Item {
  const at = lastBackupAt()
  const ageMs = at === undefined ? undefined : Math.max(Date.now() - at, 0)
  const isOld = backupEveryMs !== undefined && (ageMs === undefined || ageMs > 2 * backupEveryMs)
  return {
    code: 'backup',
    level: isOld ? 'attention' : 'ok',
    since: showTimeOrNull(at),
    value: ageMs === undefined ? null : Math.round(ageMs / 1000),
  }
}

function showDay(day: LastDay): Day {
  const { count, errors, errorShare, p99Ms } = day.read()
  return { count, errors, error_share: errorShare, p99_ms: p99Ms }
}

function showTime(ms: number): string {
  return new Date(ms).toISOString()
}

function showTimeOrNull(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : showTime(ms)
}
