import type { Permission } from '../../src/access/authentication.ts'
import type { FaultCode } from '../../src/base/fault.ts'
import type { AnswerName, BodyName, Query } from './components.ts'
import type { HeaderName, ParameterName } from './headers.ts'
import type { Asker, Section } from './sections.ts'
import type { Text } from './text.ts'

type MediaType = 'text/html' | 'text/plain' | 'text/css' | 'text/javascript' | 'font/woff2' | 'application/json'

export type Answer = {
  text: Text
  /** JSON of this shape. */
  schema?: AnswerName
  /** For a response that is not JSON, or has no schema. */
  type?: MediaType
  /** For one of several types. */
  types?: readonly MediaType[]
  headers?: readonly HeaderName[]
}

/** One method of one path, as it is documented. */
export type Operation = {
  id: string
  method: 'get' | 'post' | 'put' | 'delete'
  path: string
  asker: Asker
  section: Section
  /** Those of which the caller needs one. Every route of a service needs one. */
  permissions?: readonly Permission[]
  summary: Text
  more?: Text
  parameters?: readonly ParameterName[]
  query?: Query
  bodies?: readonly BodyName[]
  /** Successful responses, and errors that are not problem documents. */
  answers: Readonly<Record<number, Answer>>
  /** The format of errors that Divar reads. */
  refusal?: 'SessionRefusal' | 'DivarRefusal'
  /** Whether errors have the platform's format, around the problem document. */
  isPlatforms?: boolean
  /** Errors: problem documents, or those that Divar reads. */
  codes: readonly FaultCode[]
}

/** Errors of every route. */
export const ANY_REQUEST: readonly FaultCode[] = ['malformed_request', 'internal_error']
/** Errors of every route with an `x-api-key`. */
export const ANY_CALLER: readonly FaultCode[] = ['api_key_refused', 'too_many_wrong_keys']
/** Errors of every route with a body. */
export const ANY_BODY: readonly FaultCode[] = [...ANY_REQUEST, 'body_too_large', 'unsupported_media_type']
/** Errors of every route that needs the store. */
export const ANY_STORED: readonly FaultCode[] = ['store_required', 'store_unavailable', 'stored_unreadable']
