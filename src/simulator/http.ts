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

/** The part of a timeline entry that is not the exchange itself. */
export type EntryDetails = Pick<TimelineEntry, 'kind' | 'outcome' | 'notes'> &
  Partial<Pick<TimelineEntry, 'side' | 'wire'>>

/** An answer of the platform, and its entry in the timeline. */
export type Handled = { answer: Answer; entry: EntryDetails }

/** The user's access token, by its header. */
export function readTokens({
  authorization = '',
  ...headers
}: Received['headers']): Partial<Record<'bearer' | 'plain', string>> {
  const bearer = /^Bearer +(.+)$/i.exec(authorization)?.[1]
  const plain = headers['x-access-token']
  return { ...(bearer !== undefined && { bearer }), ...(typeof plain === 'string' && { plain }) }
}

/** A refusal in the platform's form: a message and a code, which is not always gRPC's. */
export function refuse(status: number, code: number, message: string, headers: Record<string, string> = {}): Answer {
  return answerJson({ code, message }, status, headers)
}

export function answerJson(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}
