import type { IncomingMessage } from 'node:http'
import { Fault } from '../base/fault.ts'
import { parseStrictJson } from './strict-json.ts'

/** 100 KiB, more than either wire needs. */
export const MAX_BODY_BYTES = 100 * 1024

/**
 * Reads a request's JSON body, whole, within its bound. Waiting is bounded by the server's `requestTimeout`.
 * @throws Fault `unsupported_media_type`, `body_too_large` or `malformed_request`
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  requireJson(request)
  return parseStrictJson(await readBytes(request))
}

function requireJson(request: IncomingMessage): void {
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
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const stop = (outcome: () => void) => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone)
      outcome()
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_BODY_BYTES) return void chunks.push(chunk)
      stop(() => {
        // What still comes is thrown away, so that the client gets to read the answer.
        request.resume()
        reject(tooLarge())
      })
    }
    const onEnd = () => {
      stop(() => {
        resolve(Buffer.concat(chunks, size))
      })
    }
    const onGone = () => {
      stop(() => {
        reject(new Fault('malformed_request', 'body: the connection ended before the body did'))
      })
    }
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
  })
}

function tooLarge(): Fault {
  return new Fault('body_too_large', `body: expected at most ${MAX_BODY_BYTES} bytes`)
}
