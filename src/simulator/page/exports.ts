import { shellQuote } from '../../ui/shell-quote.ts'
import type { ShownRequest, TimelineEntry } from '../shown.ts'

/** Headers that a client makes by itself. */
export const OWN = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive'])
/** Headers that open something: good for repeating a call by hand, never for a file that is kept. */
const SECRET = new Set(['authorization', 'x-api-key', 'x-access-token', 'cookie'])

/** A request as a command that repeats it, for a POSIX shell. */
export function toCurl({ method, url, headers, body }: ShownRequest): string {
  const named = Object.entries(headers).filter(([name]) => !OWN.has(name.toLowerCase()))
  const parts = [
    `curl -sS -X ${method} ${shellQuote(url)}`,
    ...named.map(([name, value]) => `-H ${shellQuote(`${name}: ${value}`)}`),
    ...(body === '' ? [] : [`--data-raw ${shellQuote(body)}`]),
  ]
  return parts.join(' \\\n  ')
}

/** What happened, as a file that `kenar-chat-gateway replay` and `trigger` read: without secrets. */
export function toFixture({ kind, wire, request, response }: TimelineEntry): unknown {
  if (!request) return undefined
  const body = parse(request.body)
  if (kind === 'delivery') {
    return { kind, path: URL.parse(request.url)?.pathname, body, expected: { status: response?.status } }
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !SECRET.has(name.toLowerCase()) && !OWN.has(name.toLowerCase())),
  )
  const answer = parse(response?.body ?? '')
  const url = typeof answer === 'object' && answer !== null && 'url' in answer ? answer.url : undefined
  return { kind, wire, headers, body, expected: { status: response?.status, url } }
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
