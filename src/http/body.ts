import type { IncomingMessage } from 'node:http'
import { startDeadline } from '../base/timeout.ts'
import { Fault } from '../base/fault.ts'
import { parseStrictJson } from '../base/strict-json.ts'
import { joinBatch } from '../base/tick-batch.ts'

/** 100 KiB, more than either wire needs. */
export const MAX_BODY_BYTES = 100 * 1024

/** Together with LINGER_MS well below the server's `requestTimeout`, which would write a second answer. */
const BODY_TIMEOUT_MS = 13_000

/** How much of a refused body is read and discarded, so that the client gets to read the answer. */
const MAX_DISCARDED_BYTES = 1024 * 1024
const LINGER_MS = 1000

/**
 * Reads and parses a request's JSON body, within MAX_BODY_BYTES and 13 s.
 * @throws Fault `unsupported_media_type`, `body_too_large` or `malformed_request`
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  requireJson(request)
  const bytes = await readBytes(request)
  await joinBatch()
  return parseStrictJson(bytes)
}

function requireJson(request: IncomingMessage): void {
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

function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length']) > MAX_BODY_BYTES) throw tooLarge()
  if (request.destroyed) throw cutShort()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (fault?: Fault) => {
      stopDeadline()
      request.off('data', onData).off('end', settle).off('close', onClose)
      if (fault === undefined) resolve(Buffer.concat(chunks, size))
      else reject(fault)
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY_BYTES) settle(tooLarge())
      else chunks.push(chunk)
    }
    const onClose = () => {
      settle(cutShort())
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

function cutShort(): Fault {
  return new Fault('malformed_request', 'body: the connection ended before the body did')
}

function tooLarge(): Fault {
  return new Fault('body_too_large', `body: expected at most ${MAX_BODY_BYTES} bytes`)
}
