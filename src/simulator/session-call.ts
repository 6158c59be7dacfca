import { Agent, request } from 'undici'
import * as z from 'zod'
import type { Location, Settings, ShownRequest, ShownResponse, Side, TimelineEntry, Wire } from './shown.ts'
import { otherSide, type World } from './world.ts'

/** The platform wants an app to answer within this. */
const BUDGET_MS = 2000
/** A time-out counts as this long; later answers are of no use. */
const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024

/** Node would give up an address after 250 ms when its name has another one. */
const agent = new Agent({ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: TIMEOUT_MS / 2 })

/** What a user did: opened the app from the chat's menu, or clicked a button with data, perhaps under a location. */
export type UserAction = { from: 'menu' } | { from: 'button'; data: Record<string, unknown>; location?: Location }

/** The body of a session-initialization call of either wire, as the platform writes it. */
export function sessionBody(
  wire: Wire,
  { post, people, conversationId }: World,
  side: Side,
  action: UserAction,
  completionUrl: string,
  supplierKey: Settings['supplierKey'] = 'supplier',
): Record<string, unknown> {
  if (wire === 'v2')
    return {
      source: action.from === 'menu' ? 'CHAT' : 'CHAT_MESSAGE_ACTION',
      post_token: post.token,
      conversation_id: conversationId,
      user_side: side === 'seller' ? 'SUPPLY' : 'DEMAND',
      extra_data: action.from === 'menu' ? null : action.data,
      user_id: people[side].v2Id,
      completion_url: completionUrl,
    }
  return {
    ...(action.from === 'button' && {
      extra_data: { provider_data: action.data, ...(action.location && { location: action.location }) },
    }),
    callback_url: completionUrl,
    post_token: post.token,
    user_id: people[side].v1Id,
    peer_id: people[otherSide(side)].v1Id,
    [supplierKey]: { id: people.seller.v1Id },
    demand: { id: people.buyer.v1Id },
  }
}

/** A call that was made, and where it leads if it leads anywhere. */
export type SessionCall = Pick<TimelineEntry, 'outcome' | 'notes' | 'ms' | 'budgetMs'> & {
  request: ShownRequest
  response?: ShownResponse
  landing?: string
  refusal?: string
}

/** Calls the app's session-initialization URL as the platform does, and judges the answer. Never throws. */
export async function callSession(
  url: string,
  key: string,
  wire: Wire,
  body: Record<string, unknown>,
): Promise<SessionCall> {
  const sent: ShownRequest = {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      authorization: key,
      ...(wire === 'v2' && { 'API-Version': '2' }),
    },
    body: JSON.stringify(body),
  }
  const began = performance.now()
  const response = await exchange(sent)
  const ms = Math.round((performance.now() - began) * 10) / 10
  const about = { request: sent, ms, budgetMs: BUDGET_MS }
  if ('failure' in response)
    return { ...about, outcome: 'failed', notes: [response.failure], refusal: response.failure }
  const judged = judge(wire, response)
  if (ms > BUDGET_MS) judged.notes.push(`It took longer than the ${BUDGET_MS} ms that the platform grants.`)
  return { ...about, response, ...judged }
}

async function exchange({ method, url, headers, body }: ShownRequest): Promise<ShownResponse | { failure: string }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
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
    if (signal.aborted) return { failure: `There was no answer within ${TIMEOUT_MS} ms.` }
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { failure: `The call failed: ${code}. Is the gateway running at the session URL?` }
  }
}

const answerShape = z.looseObject({ url: z.string(), status: z.unknown(), message: z.unknown() })

function judge(
  wire: Wire,
  { status, body }: ShownResponse,
): Pick<SessionCall, 'outcome' | 'notes' | 'landing' | 'refusal'> & { notes: string[] } {
  const notes: string[] = []
  const answer = answerShape.safeParse(parseJson(body)).data
  const refused = (refusal: string) => ({ outcome: 'refused' as const, notes: [refusal, ...notes], refusal })
  if (answer === undefined) return refused(`HTTP ${status}, and no JSON object with a url as its body.`)
  if (wire === 'v1' && answer.status !== String(status)) {
    notes.push(`v1 wants the status as a string equal to HTTP's: expected "${status}".`)
  }
  if (wire === 'v1' && typeof answer.message !== 'string') notes.push('v1 wants a message beside status and url.')
  if (status !== 200) {
    const message = typeof answer.message === 'string' ? `: ${answer.message}` : ''
    return refused(`The app refused with ${status}${message}`)
  }
  if (!/^https?:\/\/[^/]/.test(answer.url) || !URL.canParse(answer.url)) {
    return refused('The url of the answer is not an absolute http(s) address.')
  }
  return { outcome: 'ok', notes, landing: answer.url }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
