import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import supertest, { type Response, type Test } from 'supertest'
import * as z from 'zod'
import { KEYS, type TestGateway } from './gateway.ts'

const json = z.record(z.string(), z.unknown())
export type Json = z.infer<typeof json>

export function parseJson(text: string): Json {
  return json.parse(JSON.parse(text))
}

const sessionReply = z.strictObject({ status: z.string(), message: z.string(), url: z.string() })

/** The session answer; checks that it has exactly its three keys. */
export function replyOf(response: Response): z.infer<typeof sessionReply> {
  return sessionReply.parse(JSON.parse(response.text))
}

export const CLICK = { post_token: 'AZf3Uqr3', user_id: 'u-1', peer_id: 'u-2' }

export function fixture(name: string): Json {
  return parseJson(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'))
}

/** A click with the right key; `version` is the value of API-Version. */
export function click(gateway: TestGateway, body: string | object, version?: string): Test {
  const test = supertest(gateway.url)
    .post('/divar/session')
    .set('authorization', KEYS.identification)
    .set('content-type', 'application/json')
  if (version !== undefined) void test.set('api-version', version)
  return test.send(typeof body === 'string' ? body : JSON.stringify(body))
}

/** A send by the known caller with a user's token. */
export function send(gateway: TestGateway, body: string | object, path = '/messages'): Test {
  return supertest(gateway.internalUrl)
    .post(path)
    .set('x-api-key', KEYS.caller)
    .set('x-access-token', KEYS.token)
    .set('content-type', 'application/json')
    .send(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Writes bytes to a socket and gives back what comes until the server ends it, or `enough` says so. */
export function sendRaw(
  port: number,
  bytes: string | Buffer,
  enough: (text: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += String(chunk)
      if (enough(text)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      resolve(text)
    })
    socket.write(bytes)
  })
}

/** A raw HTTP request: these header lines, then the bytes of the body. */
export function rawRequest(path: string, headers: string[], body: Buffer | string): Buffer {
  const bytes = Buffer.from(body)
  const head = [`POST ${path} HTTP/1.1`, ...headers, `content-length: ${bytes.length}`]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
}

/** A raw session-initialization request. */
export function rawClick(body: Buffer | string, key = KEYS.identification): Buffer {
  const headers = [`authorization: ${key}`, 'content-type: application/json', 'connection: close']
  return rawRequest('/divar/session', ['host: 127.0.0.1', ...headers], body)
}

/** A raw send by the known caller; a user's token comes with the further headers. */
export function rawSend(body: Buffer | string, more: string[] = []): Buffer {
  const headers = [`x-api-key: ${KEYS.caller}`, 'content-type: application/json', 'connection: close', ...more]
  return rawRequest('/messages', ['host: 127.0.0.1', ...headers], body)
}
