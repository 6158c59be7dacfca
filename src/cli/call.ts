import { request } from 'undici'
import { CommandFailure, EXIT } from './io.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 1024 * 1024

export type Call = { method?: 'GET' | 'POST'; headers?: Record<string, string | string[]>; body?: string | Uint8Array }
export type Reply = { status: number; headers: Record<string, string | string[] | undefined>; body: string; ms: number }

/**
 * One bounded exchange with the address that the user named.
 * @throws CommandFailure when nobody answers there, or HTTP has no way to say what was asked
 */
export async function call(url: string, { method = 'POST', headers = {}, body }: Call): Promise<Reply> {
  const began = performance.now()
  try {
    const answer = await request(url, { method, headers, body: body ?? null, signal: AbortSignal.timeout(TIMEOUT_MS) })
    let text = ''
    answer.body.setEncoding('utf8')
    for await (const chunk of answer.body) {
      text += String(chunk)
      if (text.length > MAX_ANSWER_BYTES) throw new Error('ERR_ANSWER_TOO_LONG')
    }
    return { status: answer.statusCode, headers: answer.headers, body: text, ms: Math.round(performance.now() - began) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'UND_ERR_INVALID_ARG') {
      throw new CommandFailure('not sent: a key, a token or another option holds what no header can', EXIT.usage)
    }
    throw new CommandFailure(`${new URL(url).origin} did not answer: ${code}`, EXIT.unreachable)
  }
}

/** An answer's JSON, or undefined when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The address of a route: what the user named, with the route's path when it has none of its own. */
export function routeAt(base: string, path: string): string {
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol)) {
    throw new CommandFailure(`${base}: expected an http(s) address`, EXIT.usage)
  }
  const url = new URL(base)
  return url.pathname === '/' ? new URL(path, url).href : url.href
}
