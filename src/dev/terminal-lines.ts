import type { CalledReport } from './child-messages.ts'
import type { TimelineEntry } from '../simulator/shown.ts'

type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold'
type Painted = { colour: Colour; text: string }

/** A line for the terminal. The printer escapes control characters and decides about colours. */
export type TerminalLine = readonly (string | Painted)[]

const MAX_ADDRESS_CHARACTERS = 100
const COLOURS = { ok: 'green', refused: 'red', failed: 'red', faulted: 'yellow' } as const
/** Words for what happened, where they differ from the timeline's. */
const VERBS: Partial<Record<TimelineEntry['kind'], string>> = { delivery: 'send', bot: 'bot send' }
const VERB_WIDTH = 13

/** An entry of the timeline: time, what, who, where, how long, and a line for each note. Without bodies and texts. */
export function linesOfEntry(entry: TimelineEntry, ownOrigin: string): TerminalLine[] {
  const { kind, side, wire, outcome, request, response, ms, notes, at } = entry
  const who = [side, wire].filter((word) => word !== undefined).join(' ')
  const where = request === undefined ? '' : addressOf(request.url, ownOrigin, kind === 'landing')
  const status = response === undefined ? '' : String(response.status)
  const said = [who, where, status, outcome === 'ok' ? '' : outcome, timeOf(ms)].filter((part) => part !== '')
  return [
    [...headOf(at, VERBS[kind] ?? kind, COLOURS[outcome]), said.join('  ')],
    ...notes.map((note) => [indent, note]),
  ]
}

/** A call of the resolver: where it leads, or in one line why it leads nowhere. */
export function linesOfCall({ wire, answer, error, ms }: CalledReport, at: Date): TerminalLine[] {
  const head = headOf(at.toISOString(), 'resolver', error ? 'red' : 'green')
  const result = error ? error.reason : `→ ${shorten(urlIn(answer) ?? answer ?? '')}`
  return [[...head, [wire, result, timeOf(ms)].join('  ')]]
}

/** Something that the terminal tells by itself. */
export function noticeOf(verb: string, text: string, colour: Colour = 'green', at = new Date()): TerminalLine {
  return [...headOf(at.toISOString(), verb, colour), text]
}

export const indent = ' '.repeat('00:00:00'.length + 2 + VERB_WIDTH)

function headOf(at: string, verb: string, colour: Colour): TerminalLine {
  const time = new Date(at).toLocaleTimeString('en-GB')
  return [{ colour: 'dim', text: time }, '  ', { colour, text: verb.padEnd(VERB_WIDTH) }]
}

function timeOf(ms: number | undefined): string {
  return ms === undefined ? '' : `${Math.round(ms)} ms`
}

/** A landing is the developer's own address and shown whole; of others only the path. The id of a consent link is a secret. */
function addressOf(url: string, ownOrigin: string, isLanding: boolean): string {
  const address = URL.parse(url)
  if (address === null) return ''
  if (address.pathname.startsWith('/oauth/start/')) return `${address.origin}/oauth/start/…`
  if (isLanding) return shorten(address.href)
  return address.origin === ownOrigin ? address.pathname : address.origin + address.pathname
}

function urlIn(json: string | undefined): string | undefined {
  const answer: unknown = json === undefined ? undefined : parse(json)
  const hasUrl = typeof answer === 'object' && answer !== null && 'url' in answer
  return hasUrl && typeof answer.url === 'string' ? answer.url : undefined
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function shorten(text: string): string {
  return text.length > MAX_ADDRESS_CHARACTERS ? `${text.slice(0, MAX_ADDRESS_CHARACTERS - 1)}…` : text
}
