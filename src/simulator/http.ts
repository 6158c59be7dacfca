import type { IncomingHttpHeaders } from 'node:http'
import type { TimelineEntry } from './shown.ts'

/** A request as it arrived. */
export type Received = {
  method: string
  /** Path and query. */
  path: string
  headers: IncomingHttpHeaders
  /** The body's bytes as text. */
  body: string
  /** False when the body's bytes are not UTF-8. */
  isUtf8?: boolean
}

export type Answer = { status: number; headers: Record<string, string>; body: string }

/** What a timeline entry says beyond the exchange itself. */
export type Told = Pick<TimelineEntry, 'kind' | 'outcome' | 'notes'> & Partial<Pick<TimelineEntry, 'side' | 'wire'>>

/** An answer of the platform's, and what its timeline is told of it. */
export type Handled = { answer: Answer; told: Told }

/** The user's token, by the header that it came in. */
export function readTokens({
  authorization = '',
  ...headers
}: Received['headers']): Partial<Record<'bearer' | 'plain', string>> {
  const bearer = /^Bearer +(.+)$/i.exec(authorization)?.[1]
  const plain = headers['x-access-token']
  return { ...(bearer !== undefined && { bearer }), ...(typeof plain === 'string' && { plain }) }
}

/** A refusal as the platform writes them: a code, which is not always gRPC's, and a message. */
export function refuse(status: number, code: number, message: string, headers: Record<string, string> = {}): Answer {
  return answerJson({ code, message }, status, headers)
}

export function answerJson(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}
