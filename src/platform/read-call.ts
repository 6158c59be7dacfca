import type { IncomingMessage } from 'node:http'
import type { Request } from 'express'
import { readUserHeader, USER_HEADER } from '../access/user-header.ts'
import { hasDotSegment } from '../base/address.ts'
import { Fault } from '../base/fault.ts'
import { hasBody, readJsonBytes } from '../http/request.ts'
import type { Call } from './call-divar.ts'
import type { Operation } from './operations.ts'

const MAX_BODY_BYTES = 1024 * 1024
const MAX_QUERY_BYTES = 2048

/** Values of an operation's path parameters, decoded. */
export type Parameters = Readonly<Record<string, string>>

/** @throws Fault `malformed_request`, or of the body `unsupported_media_type` or `body_too_large` */
export async function readCall(operation: Operation, parameters: Parameters, request: IncomingMessage): Promise<Call> {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''))
  return { operation, path: path + readQuery(request), body: await readBody(operation, request) }
}

/** @throws Fault `malformed_request` */
export function readParameters({ path }: Operation, params: Request['params']): Parameters {
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name)
  return Object.fromEntries(
    names.map((name) => {
      const value = params[name]
      if (typeof value !== 'string' || !isSegment(value)) throw badSegment()
      return [name, value]
    }),
  )
}

export function isSegment(decoded: string): boolean {
  return decoded !== '' && !decoded.includes('\0') && !hasDotSegment(decoded)
}

export function badSegment(): Fault {
  return new Fault('malformed_request', 'path: expected no segment that is empty, "." or "..", and no NUL')
}

/** The query with its question mark, unchanged. */
function readQuery({ url = '' }: IncomingMessage): string {
  const at = url.indexOf('?')
  const query = at < 0 ? '' : url.slice(at)
  if (query.length - 1 <= MAX_QUERY_BYTES && /^[\x21\x22\x24-\x7e]*$/.test(query)) return query
  throw new Fault('malformed_request', `query: expected at most ${MAX_QUERY_BYTES} bytes of percent-encoded ASCII`)
}

async function readBody({ method, body }: Operation, request: IncomingMessage): Promise<Call['body']> {
  if (method === 'GET' || method === 'DELETE') {
    if (hasBody(request)) throw new Fault('malformed_request', `body: expected none with ${method}`)
    return undefined
  }
  if (!body && !hasBody(request)) return undefined
  const bytes = await readJsonBytes(request, MAX_BODY_BYTES)
  return { bytes, contentType: request.headers['content-type'] ?? 'application/json' }
}

/**
 * The user whom the request names, in its path or in `x-divar-user-id`.
 * @throws Fault `malformed_request` if the two differ, or the header is not one valid id
 */
export function readUser({ user }: Operation, parameters: Parameters, request: IncomingMessage): string | undefined {
  const inPath = user === undefined ? undefined : parameters[user]
  const inHeader = readUserHeader(request)
  if (inHeader === undefined) return inPath
  if (inPath !== undefined && inPath !== inHeader) {
    throw new Fault('malformed_request', `${USER_HEADER}: expected the user of the path`)
  }
  return inHeader
}
