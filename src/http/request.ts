import type { IncomingMessage } from 'node:http'
import { Fault } from '../base/fault.ts'
import { parseStrictJson } from '../base/strict-json.ts'
import { runInBatch } from '../base/tick-batch.ts'
import { startDeadline } from '../base/timeout.ts'

const MAX_HEADERS = 100

/** Why a request's head is refused: a proxy could parse it differently (request smuggling), or it expects what this server does not do. */
export function findHeadProblem({ url, rawHeaders, httpVersion, headers }: IncomingMessage): string | undefined {
  if (!url?.startsWith('/')) return 'target: expected a path that begins with /'
  if (rawHeaders.length / 2 > MAX_HEADERS) return `headers: expected at most ${MAX_HEADERS}`
  if (valuesOf('host', rawHeaders).length > 1) return 'host: expected this header once'
  if (isContradictory(valuesOf('authorization', rawHeaders))) return 'authorization: expected one value'
  // RFC 9112 section 6.1: a proxy may have framed this message differently.
  if (httpVersion !== '1.1' && headers['transfer-encoding'] !== undefined) return 'transfer-encoding: expected HTTP/1.1'
  // Node removes the chunks and leaves any other coding in the body.
  if (!/^(?:chunked)?$/i.test(headers['transfer-encoding'] ?? '')) return 'transfer-encoding: expected chunked alone'
  if (httpVersion === '1.1' && headers.expect !== undefined && !/\b100-continue\b/i.test(headers.expect))
    return 'expect: expected 100-continue'
  return undefined
}

/** The values of a header, one for each line; Node's `headers` joins them or keeps the first. */
export function valuesOf(name: string, rawHeaders: IncomingMessage['rawHeaders']): string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const other = rawHeaders[index] ?? ''
    // Length first: it is cheaper than lower-casing each name.
    if (other.length === name.length && other.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '')
  }
  return values
}

/** Whether a header has different values. Some proxies repeat a header, so equal ones are allowed. */
export function isContradictory(values: readonly string[]): boolean {
  return values.some((value) => value !== values[0])
}

const MAX_NAMED = 5
const MAX_NAME = 64

/**
 * Reads a query. Unknown, empty and repeated parameters are refused: a mistaken filter must not return everything.
 * @param known the parameters that the route reads
 * @throws Fault `malformed_request` naming each unknown parameter and the known ones, or each that is empty or repeated
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
  const query = new Map(pairs)
  const wrong = [...query.keys()].filter(
    (name) => query.get(name) === '' || pairs.filter(([other]) => other === name).length > 1,
  )
  if (wrong.length > 0) {
    const errors = wrong.map((name) => `${name}: expected one value that is not empty`)
    throw new Fault('malformed_request', errors.join('; '))
  }
  return Object.fromEntries(query)
}

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

/** 100 KiB, more than either wire needs. */
export const MAX_BODY_BYTES = 100 * 1024

/** Together with LINGER_MS well below the server's `requestTimeout`, which would write a second answer. */
const BODY_TIMEOUT_MS = 13_000

const MAX_DISCARDED_BYTES = 1024 * 1024
const LINGER_MS = 1000

/**
 * Reads and parses a request's JSON body, within MAX_BODY_BYTES and 13 s.
 * @throws Fault `unsupported_media_type`, `body_too_large` or `malformed_request`
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  requireJson(request)
  return parseStrictJson(await readBytes(request, MAX_BODY_BYTES))
}

/**
 * Reads a JSON body of at most `maxBytes` within 13 s, to be sent on unchanged.
 * @throws Fault as `readJsonBody`
 */
export async function readJsonBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  requireJson(request)
  const bytes = await readBytes(request, maxBytes)
  parseStrictJson(bytes)
  return bytes
}

/** Whether a request has a body, by its headers. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function requireJson({ headers }: IncomingMessage): void {
  const { 'content-type': contentType = '', 'content-encoding': encoding = 'identity' } = headers
  if (contentType === 'application/json' && encoding === 'identity') return
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim())
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter))
  if (type.toLowerCase() !== 'application/json' || (charset !== undefined && !/^charset="?utf-?8"?$/i.test(charset))) {
    throw new Fault('unsupported_media_type', 'content-type: expected application/json in UTF-8')
  }
  if (encoding.toLowerCase() !== 'identity') {
    throw new Fault('unsupported_media_type', 'content-encoding: expected an uncompressed body')
  }
}

function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length']) > maxBytes) throw tooLarge(maxBytes)
  if (request.destroyed) throw brokenOff()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (fault?: Fault) => {
      stopDeadline()
      request.off('data', onData).off('end', settle).off('close', onClose)
      if (fault !== undefined) reject(fault)
      else
        runInBatch(() => {
          resolve(Buffer.concat(chunks, size))
        })
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) settle(tooLarge(maxBytes))
      else chunks.push(chunk)
    }
    const onClose = () => {
      settle(brokenOff())
    }
    const stopDeadline = startDeadline(BODY_TIMEOUT_MS, () => {
      settle(new Fault('malformed_request', `body: expected all of it within ${BODY_TIMEOUT_MS / 1000} s`))
    })
    request.on('data', onData).on('end', settle).on('close', onClose)
  })
}

/** Discards the rest of a refused body, so that the client gets to read the answer; then closes the connection. */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  let left = MAX_DISCARDED_BYTES
  const stopDeadline = startDeadline(LINGER_MS, () => {
    request.destroy()
  })
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) request.destroy()
  })
  request.once('end', stopDeadline).once('close', stopDeadline).resume()
}

function brokenOff(): Fault {
  return new Fault('malformed_request', 'body: the connection ended before the body did')
}

function tooLarge(maxBytes: number): Fault {
  return new Fault('body_too_large', `body: expected at most ${maxBytes} bytes`)
}
