import type { Client, MessageRecord } from './client.ts'
import { seconds } from './figures.ts'
import type { Ledger } from './ledger.ts'
import type { Report } from './report.ts'

const FINAL: ReadonlySet<MessageRecord['state']> = new Set([
  'delivered',
  'rejected',
  'failed',
  'unknown',
  'cancelled',
  'expired',
])

/** Attempts that ended before a byte of a request was written. */
const WITHOUT_REQUEST: ReadonlySet<string> = new Set(['not_sent', 'unavailable'])

type Attempt = MessageRecord['attempts'][number] & { messageId: string }

/** The gateway's own record of every message, compared with the ledger. */
export type Audit = {
  states: ReadonlyMap<MessageRecord['state'], number>
  /** Acknowledged, and without a record at the gateway. */
  forgotten: number
  notFinal: number
  /** Acknowledged, never accepted by the platform, and not recorded as unknown. */
  lost: number
  /** Recorded as delivered, and never accepted by the platform. */
  untrue: number
  /** Accepted more than once, without an unknown attempt. */
  twice: number
  /** Accepted more than once, after an unknown attempt. */
  twiceAfterUnknown: number
  unknownAttempts: Attempt[]
  /** Attempts that ended before their request. */
  withoutRequest: number
  /** The records, by serial. */
  records: ReadonlyMap<
    number,
    { state: MessageRecord['state']; /** When each attempt began that became a request. */ begun: number[] }
  >
}

export async function audit(client: Client, ledger: Ledger): Promise<Audit> {
  const serials = new Map([...ledger.acknowledged].map(([serial, id]) => [id, serial]))
  const states = new Map<MessageRecord['state'], number>()
  const records = new Map<number, { state: MessageRecord['state']; begun: number[] }>()
  const unknownAttempts: Attempt[] = []
  const repeated = new Set<number>()
  let [notFinal, lost, untrue, unmatchedRepeats, withoutRequest] = [0, 0, 0, 0, 0]
  for await (const { id, state, attempts } of client.records()) {
    states.set(state, (states.get(state) ?? 0) + 1)
    const unknown = attempts.filter(({ outcome }) => outcome === 'unknown')
    unknownAttempts.push(...unknown.map((attempt) => ({ ...attempt, messageId: id })))
    const requests = attempts.filter(({ outcome }) => !WITHOUT_REQUEST.has(outcome ?? ''))
    withoutRequest += attempts.length - requests.length
    if (!FINAL.has(state)) notFinal += 1
    const serial = serials.get(id)
    if (serial === undefined) {
      // Stored, but its 202 was lost with a killed gateway: the serial of this record is not known.
      if (unknown.length > 0 && attempts.length > 1) unmatchedRepeats += 1
      continue
    }
    records.set(serial, { state, begun: requests.map(({ at }) => at) })
    const accepted = ledger.timesAccepted(serial)
    if (accepted === 0 && state !== 'unknown') lost += 1
    if (accepted === 0 && state === 'delivered') untrue += 1
    if (accepted > 1 && unknown.length > 0) repeated.add(serial)
  }
  const forgotten = [...ledger.acknowledged.keys()].filter((serial) => !records.has(serial))
  const twice = ledger.acceptedTwice()
  const unexplained = twice.filter((serial) => !repeated.has(serial))
  const unmatched = unexplained.filter((serial) => !ledger.acknowledged.has(serial)).length
  const explained = Math.min(unmatched, unmatchedRepeats)
  return {
    states,
    forgotten: forgotten.length,
    notFinal,
    lost: lost + forgotten.filter((serial) => ledger.timesAccepted(serial) === 0).length,
    untrue,
    twice: unexplained.length - explained,
    twiceAfterUnknown: repeated.size + explained,
    unknownAttempts,
    withoutRequest,
    records,
  }
}

/** The guarantees that hold in every suite, and the figures that they were tested on. */
export function reportAudit(report: Report, found: Audit, ledger: Ledger): void {
  reportSent(report, ledger)
  report.figure('acknowledged (202)', ledger.acknowledged.size)
  for (const [state, messages] of found.states) report.figure(`stored: ${state}`, messages)
  report.figure('delivered twice after an unknown attempt', found.twiceAfterUnknown)
  report.none('acknowledged and lost', found.lost)
  report.none('refused and yet delivered', ledger.refusedAndDelivered().length)
  report.none('acknowledged and without a record', found.forgotten)
  report.none('not final in the end', found.notFinal)
  report.none('recorded as delivered and never arrived', found.untrue)
  report.none('delivered twice without an unknown attempt', found.twice)
  report.none('out of order within a conversation', ledger.outOfOrder().length)
}

/**
 * Whether every message is final. Each state is queried twice, because a message can change its state between the queries. False when
 * the gateway does not answer.
 */
export async function isSettled(client: Client): Promise<boolean> {
  try {
    for (const state of ['queued', 'sending', 'queued', 'sending'] as const) if (await client.anyIn(state)) return false
    return true
  } catch {
    return false
  }
}

export function reportSent(report: Report, ledger: Ledger): void {
  const refused = [...ledger.refusals].map(([status, times]) => `${times} × ${status}`).join(', ')
  report.figure('sent', ledger.sent)
  report.figure('refused', refused === '' ? 0 : refused)
  report.figure('without an answer', ledger.unanswered)
}

export function reportSettled(report: Report, ms: number | undefined, withinMs: number): void {
  const value = ms === undefined ? 'not in time' : seconds(ms)
  report.promise('all final after the last start', value, `within ${seconds(withinMs)}`, ms !== undefined)
}
