import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Received } from './http.ts'

const MAX_BODY_BYTES = 256 * 1024
const MAX_DEPTH = 100

/** Reads a request to its end; undefined when its body is too large to be kept. */
export async function readRequest(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<Received | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) continue
    length += chunk.length
    if (length <= maxBytes) chunks.push(chunk)
  }
  if (length > maxBytes) return undefined
  const bytes = Buffer.concat(chunks)
  const { method = '', url: path = '', headers } = request
  return { method, path, headers, body: bytes.toString('utf8'), isUtf8: isUtf8(bytes) }
}

/** Whether JSON is nested so deep that what walks through it, here or in the page, might run out of stack. */
export function isTooDeep(json: string): boolean {
  let depth = 0
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{\]}]/gs)) {
    if (token === '{' || token === '[') depth += 1
    else if (token === '}' || token === ']') depth -= 1
    if (depth > MAX_DEPTH) return true
  }
  return false
}
