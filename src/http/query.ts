import type { IncomingMessage } from 'node:http'
import { Fault } from '../base/fault.ts'

const MAX_NAMED = 5
const MAX_NAME = 64

/**
 * Reads a query without empty values. Unknown parameters are refused: a misspelled filter must not return everything.
 * @param known the parameters that the route reads
 * @throws Fault `malformed_request` naming each unknown parameter, and the known ones
 */
export function readQuery({ url = '' }: IncomingMessage, known: readonly string[]): Record<string, string> {
  const at = url.indexOf('?')
  if (at < 0) return {}
  const pairs = [...new URLSearchParams(url.slice(at + 1))]
  const unknown = [...new Set(pairs.map(([name]) => name))].filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    const named = unknown.slice(0, MAX_NAMED).map((name) => JSON.stringify(name.slice(0, MAX_NAME)))
    const more = unknown.length > MAX_NAMED ? ` and ${unknown.length - MAX_NAMED} more` : ''
    const expected = known.length === 0 ? 'no parameters' : `only ${known.join(', ')}`
    throw new Fault('malformed_request', `query: expected ${expected}, found ${named.join(', ')}${more}`)
  }
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''))
}

/** Refuses any query parameter. */
export function requireNoQuery(request: IncomingMessage): void {
  readQuery(request, [])
}

/** Encodes a list's position as an opaque cursor. */
export function writeCursor(seq: number | undefined): string | null {
  return seq === undefined ? null : Buffer.from(`before ${seq}`).toString('base64url')
}

export function readCursor(text: string): number | undefined {
  const seq = /^before (\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))?.[1]
  return seq === undefined ? undefined : Number(seq)
}
