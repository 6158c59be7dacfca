import type { Conversation } from './conversation.ts'
import type { Misbehaviour } from './faults.ts'
import type { Answer, Received } from './http.ts'
import type { EntryKind, ShownResponse, Side, TimelineEntry, Wire } from './shown.ts'

/** A request to the platform, once its answer is decided. */
type Decided = {
  kind: EntryKind
  outcome?: TimelineEntry['outcome']
  notes?: string[]
  side?: Side
  wire?: Wire
  /** What the platform would have answered. */
  answer?: Answer
  /** The armed misbehaviour instead of that answer. */
  misbehaviour?: Misbehaviour | undefined
}

/** Adds a request to the platform to the timeline, and logs it. */
export function noteExchange(
  conversation: Conversation,
  { method, path, headers, body }: Received,
  origin: string,
  decided: Decided,
  log: (line: string) => void = () => undefined,
): void {
  const { kind, side, wire, answer, misbehaviour, notes = [] } = decided
  const faultNote = misbehaviour && FAULT_NOTES[misbehaviour.kind]
  const response = misbehaviour ? misbehavedResponse(misbehaviour, answer) : answer
  const entry = conversation.note({
    kind,
    ...(side && { side }),
    ...(wire && { wire }),
    outcome: misbehaviour ? 'faulted' : (decided.outcome ?? 'ok'),
    request: { method, url: origin + path, headers: oneLineEach(headers), body },
    ...(response && { response }),
    notes: [...(faultNote ? [faultNote] : []), ...notes],
  })
  const status = entry.response ? ` ${entry.response.status}` : ''
  log(`${kind} ${method} ${new URL(path, origin).pathname}${status} ${entry.outcome}`)
  for (const note of entry.notes) log(`  ${note}`)
}

const FAULT_NOTES: Record<Misbehaviour['kind'], string> = {
  answer: 'The simulator is set to answer this.',
  slow: 'The simulator is set to take its time with this answer.',
  silence: 'The simulator is set never to answer.',
  reset: 'The simulator is set to cut the connection; nothing took effect.',
  reset_after: 'The simulator is set to cut the connection after it had done what was asked.',
  early_hints_reset: 'The simulator is set to answer 103 and then cut the connection; nothing took effect.',
  cut_answer: 'The simulator is set to cut the connection in the middle of its answer.',
}

function misbehavedResponse(what: Misbehaviour, answer: Answer | undefined): ShownResponse | undefined {
  if (what.kind === 'answer') return { status: what.status, headers: what.headers ?? {}, body: what.body ?? '' }
  if (what.kind === 'cut_answer') return { status: what.status, headers: {}, body: '{"status":' }
  return what.kind === 'slow' ? answer : undefined
}

function oneLineEach(headers: Received['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
