import { Agent, request } from 'undici'
import * as z from 'zod'
import type { ShownRequest, ShownResponse } from './shown.ts'

/** The platform wants an app to answer within this. */
export const BUDGET_MS = 2000
/** A time-out counts as this long; later answers are of no use. */
const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024

/** Node would give up an address after 250 ms when its name has another one. */
const agent = new Agent({ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: TIMEOUT_MS / 2 })

/** A call to the app, with its answer or the reason why there is none. */
export type AppCall = { request: ShownRequest; ms: number } & ({ response: ShownResponse } | { failure: string })

/** POSTs JSON to a URL of the app's, authenticated as the platform does it. Never throws. */
export async function callApp(
  url: string,
  key: string,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<AppCall> {
  const sent: ShownRequest = {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', authorization: key, ...headers },
    body: JSON.stringify(body),
  }
  const began = performance.now()
  const answer = await exchange(sent)
  const ms = Math.round((performance.now() - began) * 10) / 10
  return { request: sent, ms, ...('failure' in answer ? answer : { response: answer }) }
}

/** A note on an answer that came too late; empty for one in time. */
export function lateNotes(ms: number): string[] {
  return ms > BUDGET_MS ? [`It took longer than the ${BUDGET_MS} ms that Divar grants.`] : []
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether this is an absolute http(s) address. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^/]/.test(text) && URL.canParse(text)
}

/** Makes one bounded HTTP exchange. Never throws. */
export async function exchange(
  { method, url, headers, body }: ShownRequest,
  timeoutMs: number = TIMEOUT_MS,
): Promise<ShownResponse | { failure: string }> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const asked = { 'accept-encoding': 'identity', ...headers }
    const answer = await request(url, { method, headers: asked, body, signal, dispatcher: agent })
    let text = ''
    answer.body.setEncoding('utf8')
    for await (const chunk of answer.body) {
      text += String(chunk)
      if (text.length > MAX_ANSWER_BYTES) return { failure: `The answer is longer than ${MAX_ANSWER_BYTES} bytes.` }
    }
    const named = Object.entries(answer.headers).map(([name, value]) => [name, String(value)])
    return {
      status: answer.statusCode,
      headers: z.record(z.string(), z.string()).parse(Object.fromEntries(named)),
      body: text,
    }
  } catch (error) {
    if (signal.aborted) return { failure: `There was no answer within ${timeoutMs} ms.` }
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { failure: `The call failed: ${code}. Is the gateway running at this address?` }
  }
}
