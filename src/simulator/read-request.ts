import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Received } from './http.ts'

const MAX_BODY_BYTES = 256 * 1024

/** Reads a request to its end; undefined when its body is too large to be kept. */
export async function readRequest(request: IncomingMessage): Promise<Received | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) continue
    length += chunk.length
    if (length <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (length > MAX_BODY_BYTES) return undefined
  const bytes = Buffer.concat(chunks)
  const { method = '', url: path = '', headers } = request
  return { method, path, headers, body: bytes.toString('utf8'), isUtf8: isUtf8(bytes) }
}
