import type { IncomingMessage } from 'node:http'
import type { Request } from 'express'
import { inCohort } from '../base/cohort.ts'
import { startDeadline } from '../base/deadline.ts'
import { Fault } from '../base/fault.ts'
import { parseStrictJson } from '../base/strict-json.ts'

/** 100 KiB, more than either wire needs. */
export const MAX_BODY_BYTES = 100 * 1024

/** With the linger below far less than the server's own `requestTimeout`, which would answer a second time, and without a body. */
const BODY_TIMEOUT_MS = 13_000

/** What is still read, and thrown away, of a request that was refused: enough for most clients to get to the answer. */
const MAX_DISCARDED_BYTES = 1024 * 1024
const LINGER_MS = 1000

/**
 * Reads a request's JSON body, whole, within its bounds of size and time.
 * @throws Fault `unsupported_media_type`, `body_too_large` or `malformed_request`
 */
export function readJsonBody(request: Request): Promise<unknown> {
  return new Promise((resolve, reject) => {
    requireJson(request)
    readBytes(request, reject, (bytes) => {
      inCohort(() => {
        try {
          resolve(parseStrictJson(bytes))
        } catch (error) {
          reject(error instanceof Error ? error : new Error('what was thrown is no error', { cause: error }))
        }
      })
    })
  })
}

function requireJson(request: IncomingMessage): void {
  // As nearly everybody writes it.
  const { 'content-type': given, 'content-encoding': encoded } = request.headers
  if (given === 'application/json' && encoded === undefined) return
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').split(';').map((part) => part.trim())
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter))
  if (type.toLowerCase() !== 'application/json' || (charset !== undefined && !/^charset="?utf-?8"?$/i.test(charset))) {
    throw new Fault('unsupported_media_type', 'content-type: expected application/json in UTF-8')
  }
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') {
    throw new Fault('unsupported_media_type', 'content-encoding: expected an uncompressed body')
  }
}

/** Calls one of the two, once. */
function readBytes(request: Request, onRefused: (fault: Fault) => void, onRead: (bytes: Buffer) => void): void {
  const declared = Number(request.headers['content-length'] ?? NaN)
  if (declared > MAX_BODY_BYTES) throw tooLarge()
  if (request.destroyed) throw cutShort()
  const chunks: Buffer[] = []
  let size = 0
  let isSettled = false
  const refuse = (fault: Fault) => {
    isSettled = true
    stopDeadline?.()
    request.leaveBody()
    onRefused(fault)
  }
  const onBytes = (chunk: Buffer) => {
    size += chunk.length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
    else refuse(tooLarge())
  }
  let stopDeadline: (() => void) | undefined
  // Most bodies are whole as soon as what came with their head is parsed; only the others are timed.
  queueMicrotask(() => {
    if (isSettled || size === declared) return
    stopDeadline = startDeadline(BODY_TIMEOUT_MS, () => {
      refuse(new Fault('malformed_request', `body: expected all of it within ${BODY_TIMEOUT_MS / 1000} s`))
    })
  })
  const onEnd = () => {
    isSettled = true
    stopDeadline?.()
    const [first, second] = chunks
    onRead(first !== undefined && second === undefined ? first : Buffer.concat(chunks, size))
  }
  const onGone = () => {
    if (!isSettled) refuse(cutShort())
  }
  request.readBody({ onBytes, onEnd, onGone })
}

/** Reads on past a refusal, so that the client gets to the answer, but not for long: then the connection is cut. */
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

function cutShort(): Fault {
  return new Fault('malformed_request', 'body: the connection ended before the body did')
}

function tooLarge(): Fault {
  return new Fault('body_too_large', `body: expected at most ${MAX_BODY_BYTES} bytes`)
}
