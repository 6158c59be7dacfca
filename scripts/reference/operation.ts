import type { FaultCode } from '../../src/base/fault.ts'
import type { AnswerName, BodyName, Query } from './components.ts'
import type { HeaderName, ParameterName } from './headers.ts'
import type { Asker, Section } from './sections.ts'
import type { Text } from './text.ts'

export type Answer = {
  text: Text
  /** JSON of this shape. */
  schema?: AnswerName
  /** For what is no JSON. */
  type?: 'text/html' | 'text/plain' | 'application/json'
  headers?: readonly HeaderName[]
}

/** One method of one path, as it is documented. */
export type Operation = {
  id: string
  method: 'get' | 'post' | 'delete'
  path: string
  asker: Asker
  section: Section
  summary: Text
  more?: Text
  parameters?: readonly ParameterName[]
  query?: Query
  bodies?: readonly BodyName[]
  /** The good ones, and refusals that are no problem documents. */
  answers: Readonly<Record<number, Answer>>
  /** Whether refusals are written in the platform's shape, around the problem document. */
  isPlatforms?: boolean
  /** Refusals: problem documents, or for Divar its three keys. */
  codes: readonly FaultCode[]
}

/** What anything that comes over HTTP may be refused for. */
export const ANY_REQUEST: readonly FaultCode[] = ['malformed_request', 'internal_error']
/** What callers may be refused for by their key. */
export const ANY_CALLER: readonly FaultCode[] = ['api_key_refused', 'too_many_wrong_keys']
/** What a body may be refused for before anybody looks into it. */
export const ANY_BODY: readonly FaultCode[] = [...ANY_REQUEST, 'body_too_large', 'unsupported_media_type']
/** What lives on the store may be refused for. */
export const ANY_STORED: readonly FaultCode[] = ['store_required', 'store_unavailable', 'stored_unreadable']
