import type { Client, MessageRecord } from './client.ts'
import type { Ledger } from './ledger.ts'
import type { Report } from './report.ts'

const FINAL: ReadonlySet<MessageRecord['state']> = new Set(['delivered', 'rejected', 'failed', 'unknown', 'cancelled'])

/** Attempts that ended before a byte of a request was written. */
const WITHOUT_REQUEST: ReadonlySet<string> = new Set(['not_sent', 'unavailable'])

type Attempt = MessageRecord['attempts'][number] & { messageId: string }

/** The gateway's own account of every message, held against the ledger. */
export type Audit = {
  states: ReadonlyMap<MessageRecord['state'], number>
  /** Acknowledged, and the gateway knows nothing of it. */
  forgotten: number
  notFinal: number
  /** Acknowledged, never accepted by the platform, and not said to be unknown. */
  lost: number
  /** Said to be delivered, and never accepted. */
  untrue: number
  /** Accepted more than once, though no attempt of it is unknown. */
  twice: number
  /** Accepted more than once, after an attempt whose outcome nobody knows. */
  twiceAfterUnknown: number
  unknownAttempts: Attempt[]
  /** Attempts that were held back before their request. */
  withoutRequest: number
  /** What the records say, by serial. */
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
  let [notFinal, lost, untrue, strangersRepeated, withoutRequest] = [0, 0, 0, 0, 0]
  for await (const { id, state, attempts } of client.records()) {
    states.set(state, (states.get(state) ?? 0) + 1)
    const unknown = attempts.filter(({ outcome }) => outcome === 'unknown')
    unknownAttempts.push(...unknown.map((attempt) => ({ ...attempt, messageId: id })))
    const requests = attempts.filter(({ outcome }) => !WITHOUT_REQUEST.has(outcome ?? ''))
    withoutRequest += attempts.length - requests.length
    if (!FINAL.has(state)) notFinal += 1
    const serial = serials.get(id)
    if (serial === undefined) {
      // Stored, but its 202 got lost with a gateway, so nobody can tell which of the unacknowledged it is.
      if (unknown.length > 0 && attempts.length > 1) strangersRepeated += 1
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
  const strangers = unexplained.filter((serial) => !ledger.acknowledged.has(serial)).length
  const explained = Math.min(strangers, strangersRepeated)
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

/** The promises that hold whatever happens, and the figures that show what they were tried on. */
export function reportAudit(report: Report, found: Audit, ledger: Ledger): void {
  const refused = [...ledger.refusals].map(([status, times]) => `${times} × ${status}`).join(', ')
  report.figure('sent', ledger.sent)
  report.figure('acknowledged (202)', ledger.acknowledged.size)
  report.figure('refused', refused === '' ? 0 : refused)
  report.figure('without an answer', ledger.unanswered)
  for (const [state, messages] of found.states) report.figure(`stored: ${state}`, messages)
  report.figure('delivered twice after an unknown attempt', found.twiceAfterUnknown)
  report.none('acknowledged and lost', found.lost)
  report.none('refused and yet delivered', ledger.refusedAndDelivered().length)
  report.none('acknowledged and without a record', found.forgotten)
  report.none('not final in the end', found.notFinal)
  report.none('said to be delivered and never arrived', found.untrue)
  report.none('delivered twice without an unknown attempt', found.twice)
  report.none('out of order within a conversation', ledger.outOfOrder().length)
}

/**
 * Whether every message is final. Asked twice, for a message can pass from one state to the other between the questions. A gateway that
 * cannot be asked just then is asked again.
 */
export async function isSettled(client: Client): Promise<boolean> {
  try {
    for (const state of ['queued', 'sending', 'queued', 'sending'] as const) if (await client.anyIn(state)) return false
    return true
  } catch {
    return false
  }
}
