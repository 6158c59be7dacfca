import { Agent, request } from 'undici'
import { describeError } from '../observability/log.ts'
import { createConnector } from '../outbound/connector.ts'
import { CommandFailure, EXIT } from './io.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 1024 * 1024

const agent = new Agent({ connect: createConnector(TIMEOUT_MS) })

export type Call = {
  method?: 'GET' | 'POST'
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
  /** The longest answer that is read; default: 1 MiB. */
  maxBytes?: number
}
export type Reply = { status: number; headers: Record<string, string | string[] | undefined>; body: string; ms: number }

/**
 * One bounded exchange with the address that the user named.
 * @throws CommandFailure when no answer comes, or a header would not be valid
 */
export async function call(
  url: URL,
  { method = 'POST', headers = {}, body, maxBytes = MAX_ANSWER_BYTES }: Call,
): Promise<Reply> {
  const began = performance.now()
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const answer = await request(url, {
      method,
      headers: { 'accept-encoding': 'identity', ...headers },
      body: body ?? null,
      signal,
      dispatcher: agent,
    })
    const text = await readText(answer.body, maxBytes)
    return { status: answer.statusCode, headers: answer.headers, body: text, ms: Math.round(performance.now() - began) }
  } catch (error) {
    throw toFailure(url, error)
  }
}

/**
 * The texts of a streaming response, until it ends or the caller aborts it.
 * @throws CommandFailure when no response comes, or it breaks off
 */
export async function* readStream(url: URL, signal: AbortSignal): AsyncGenerator<string> {
  try {
    const { body } = await request(url, {
      headers: { 'accept-encoding': 'identity' },
      signal,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: 0,
      dispatcher: agent,
    })
    for await (const chunk of body.setEncoding('utf8')) yield String(chunk)
  } catch (error) {
    if (!signal.aborted) throw toFailure(url, error)
  }
}

async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw new AnswerTooLong(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

class AnswerTooLong extends Error {}

function toFailure(url: URL, error: unknown): CommandFailure {
  const code = codeOf(error)
  if (code === 'UND_ERR_INVALID_ARG') {
    return new CommandFailure(
      'not sent: a key, a token or another option has characters that no header can contain',
      EXIT.usage,
    )
  }
  if (error instanceof AnswerTooLong) return new CommandFailure(`${url.origin}: ${error.message}`, EXIT.unreachable)
  return new CommandFailure(`${url.origin} did not answer: ${reasonOf(error, code)}`, EXIT.unreachable)
}

const REASONS = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'its name is unknown'],
  ['EAI_AGAIN', 'its name could not be looked up'],
  ['ECONNRESET', 'the connection was closed'],
  ['UND_ERR_SOCKET', 'the connection was closed'],
  ['EHOSTUNREACH', 'its network is unreachable'],
  ['ENETUNREACH', 'its network is unreachable'],
  ['UND_ERR_CONNECT_TIMEOUT', `no connection within ${TIMEOUT_MS / 1000} s`],
])

/** The code of a system error or of undici. A DOMException has a number, which is no code. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function reasonOf(error: unknown, code: string | undefined): string {
  const name = describeError(error).error
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  if (name === 'HTTPParserError') return 'it does not speak HTTP'
  if (code === undefined) return name
  const reason = REASONS.get(code)
  return reason === undefined ? code : `${reason} (${code})`
}

/** Parses JSON; undefined when it is not JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
