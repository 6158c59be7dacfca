import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Suite } from './suite.ts'

/** What was asked, with its body. */
export type Heard = { request: IncomingMessage; body: string }

/** An HTTP service on loopback that gets complete requests; closed when the suite ends. */
export async function startService(
  suite: Suite,
  answer: (heard: Heard, response: ServerResponse) => void,
): Promise<{ url: string; close: () => void }> {
  const listener: RequestListener = (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      answer({ request, body }, response)
    })
  }
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  suite.atEnd(close)
  return { url: `http://127.0.0.1:${portOf(server.address())}`, close }
}

export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  const body = JSON.stringify(value)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body)
}

/** A platform that takes every message, after a while. */
export async function startTakingPlatform(
  suite: Suite,
  afterMs = 0,
  onHeard: (heard: Heard) => void = () => undefined,
): Promise<string> {
  const { url } = await startService(suite, (heard, response) => {
    onHeard(heard)
    const take = () => {
      answerJson(response, { status: 200, message: 'success' })
    }
    if (afterMs === 0) take()
    else void setTimeout(afterMs).then(take)
  })
  return url
}

export function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return address.port
}
