import type { Side, TimelineEntry } from '../shown.ts'

/** How much of its budget an answer took: `slow` past a half, `late` past all of it. */
export type Pace = 'fine' | 'slow' | 'late'

/** What a journey began with. */
type Act = 'pressed' | 'opened' | 'event' | 'revoked' | 'consent' | 'message' | 'bot' | 'resolver' | 'token' | 'call'

type Paced = 'landed' | 'asked' | 'answered' | 'accepted' | 'resolved'

/** How it went on. */
export type Step =
  | { what: Paced; ms?: number; pace: Pace }
  | { what: 'allowed' | 'denied' | 'silent' | 'threw' | 'faulted' }
  | { what: 'refused' | 'undelivered'; status?: number }
  | { what: 'delivered'; count: number }

export type Summary = {
  act: Act
  /** Whose act it was. */
  side?: Side
  /** Of the button that was pressed. */
  caption?: string
  isRepeat: boolean
  steps: Step[]
  /** How it ended. */
  meaning: 'success' | 'attention' | 'danger'
}

export function paceOf(ms: number, budgetMs: number): Pace {
  return ms > budgetMs ? 'late' : ms > budgetMs / 2 ? 'slow' : 'fine'
}

/** Who did what, and how it ended: of the entries of one journey, oldest first. */
export function summarize(entries: readonly [TimelineEntry, ...TimelineEntry[]]): Summary {
  const first = entries.find(({ kind }) => kind === 'click' || kind === 'action' || kind === 'event') ?? entries[0]
  const hasConsent = entries.some(({ kind }) => kind === 'consent')
  const steps = [
    ...resolverFirst(entries).flatMap((entry) => stepOf(entry, entry === first, hasConsent)),
    ...deliveries(entries.filter(({ kind }) => kind === 'delivery' || kind === 'bot')),
  ]
  const { side, caption } = first
  return {
    act: actOf(first),
    ...(side && { side }),
    ...(caption !== undefined && { caption }),
    isRepeat: first.repeats !== undefined,
    steps,
    meaning: meaningOf(steps),
  }
}

/** The app asks its resolver before it answers, but tells of it when it likes. */
function resolverFirst(entries: readonly TimelineEntry[]): TimelineEntry[] {
  return [...entries.filter(({ kind }) => kind === 'resolver'), ...entries.filter(({ kind }) => kind !== 'resolver')]
}

const ACTS: Partial<Record<TimelineEntry['kind'], Act>> = {
  action: 'pressed',
  event: 'event',
  delivery: 'message',
  bot: 'bot',
  resolver: 'resolver',
  token: 'token',
}

function actOf({ kind, caption, request }: TimelineEntry): Act {
  if (kind === 'click') return caption === undefined ? 'opened' : 'pressed'
  if (kind === 'consent') return request === undefined ? 'revoked' : 'consent'
  return ACTS[kind] ?? 'call'
}

function stepOf(entry: TimelineEntry, isFirst: boolean, hasConsent: boolean): Step[] {
  const { kind, side, request, outcome } = entry
  switch (kind) {
    case 'click':
      return [answerOf(entry, hasConsent ? 'asked' : 'landed')]
    case 'action':
      return [answerOf(entry, 'answered')]
    case 'event':
      return [answerOf(entry, 'accepted')]
    case 'consent':
      if (request === undefined || (request.method === 'GET' && outcome === 'ok')) return []
      if (side === undefined) return [answerOf(entry, 'answered')]
      return [{ what: outcome === 'refused' ? 'denied' : 'allowed' }]
    case 'token':
      return outcome === 'ok' && !isFirst ? [] : [answerOf(entry, 'answered')]
    case 'resolver':
      return [outcome === 'ok' ? answerOf(entry, isFirst ? 'answered' : 'resolved') : { what: 'threw' }]
    case 'landing':
    case 'delivery':
    case 'bot':
      return []
    case 'users':
    case 'platform':
    case 'subscription':
    case 'other':
      return isFirst || outcome !== 'ok' ? [answerOf(entry, 'answered')] : []
  }
}

function answerOf(entry: TimelineEntry, what: Paced): Step {
  const { outcome, ms, budgetMs, response } = entry
  switch (outcome) {
    case 'ok':
      return {
        what,
        pace: ms !== undefined && budgetMs !== undefined ? paceOf(ms, budgetMs) : 'fine',
        ...(ms !== undefined && { ms }),
      }
    case 'refused':
      return { what: 'refused', ...(response && { status: response.status }) }
    case 'failed':
      return { what: 'silent' }
    case 'faulted':
      return { what: 'faulted' }
  }
}

/** How many messages arrived, and whether the last one did. */
function deliveries(entries: readonly TimelineEntry[]): Step[] {
  const count = entries.filter(isDelivered).length
  const last = entries.at(-1)
  const { response } = last ?? {}
  return [
    ...(count > 0 ? [{ what: 'delivered' as const, count }] : []),
    ...(last && !isDelivered(last)
      ? [{ what: 'undelivered' as const, ...(response && { status: response.status }) }]
      : []),
  ]
}

function isDelivered({ outcome, response }: TimelineEntry): boolean {
  return outcome === 'ok' || (outcome === 'faulted' && response?.status === 200)
}

const BAD = new Set<Step['what']>(['silent', 'threw', 'refused', 'undelivered'])

function meaningOf(steps: readonly Step[]): Summary['meaning'] {
  const last = steps.at(-1)
  if (last === undefined) return 'success'
  if (BAD.has(last.what)) return 'danger'
  if ('pace' in last && last.pace === 'late') return 'danger'
  return last.what === 'faulted' || last.what === 'denied' || ('pace' in last && last.pace === 'slow')
    ? 'attention'
    : 'success'
}
