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

/** Adds a request to the platform to the timeline. */
export function noteExchange(
  conversation: Conversation,
  { method, path, headers, body }: Received,
  origin: string,
  decided: Decided,
): void {
  const { kind, side, wire, answer, misbehaviour, notes = [] } = decided
  const faultNote = misbehaviour && FAULT_NOTES[misbehaviour.kind]
  const response = misbehaviour ? misbehavedResponse(misbehaviour, answer) : answer
  conversation.note({
    kind,
    ...(side && { side }),
    ...(wire && { wire }),
    outcome: misbehaviour ? 'faulted' : (decided.outcome ?? 'ok'),
    request: { method, url: origin + path, headers: oneLineEach(headers), body },
    ...(response && { response }),
    notes: [...(faultNote ? [faultNote] : []), ...notes],
  })
}

/** An entry of the timeline as lines of a log, without bodies, queries and ids of consent links: what was asked of the platform, or what it asked of the app. */
export function linesOf({ kind, request, response, outcome, notes }: TimelineEntry, origin: string): string[] {
  const address = request && URL.parse(request.url)
  const asked =
    request && address
      ? [
          request.method,
          address.origin === origin ? address.pathname : address.origin + maskConsentLink(address.pathname),
        ]
      : []
  const status = response ? [String(response.status)] : []
  return [[kind, ...asked, ...status, outcome].join(' '), ...notes.map((note) => `  ${note}`)]
}

/** The id of a consent link is a secret: with it, anyone could consent in the user's place. */
function maskConsentLink(path: string): string {
  return path.replace(/(\/oauth\/start\/)[^/]+/, '$1***')
}

const FAULT_NOTES: Record<Misbehaviour['kind'], string> = {
  answer: 'Simulated fault: this answer.',
  slow: 'Simulated fault: a slow answer.',
  silence: 'Simulated fault: no answer.',
  reset: 'Simulated fault: the connection was cut; nothing took effect.',
  reset_after: 'Simulated fault: the connection was cut after the request took effect.',
  early_hints_reset: 'Simulated fault: 103, then the connection was cut; nothing took effect.',
  cut_answer: 'Simulated fault: the connection was cut in the middle of the answer.',
}

function misbehavedResponse(what: Misbehaviour, answer: Answer | undefined): ShownResponse | undefined {
  if (what.kind === 'answer') return { status: what.status, headers: what.headers ?? {}, body: what.body ?? '' }
  if (what.kind === 'cut_answer') return { status: what.status, headers: {}, body: '{"status":' }
  return what.kind === 'slow' ? answer : undefined
}

function oneLineEach(headers: Received['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
