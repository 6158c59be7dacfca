import * as z from 'zod'
import { BUDGET_MS, callApp, isWebAddress, lateNotes, parseJson } from './call-app.ts'
import type { Location, Settings, ShownRequest, ShownResponse, Side, TimelineEntry, Wire } from './shown.ts'
import { otherSide, type World } from './world.ts'

/**
 * What a user did: opened the app from the chat's menu, or clicked a button with data, perhaps under a location, in the chat about the post
 * or in the chat with the app's bot.
 */
export type UserAction =
  | { from: 'menu' }
  | { from: 'button'; data: Record<string, unknown>; location?: Location; inBotChat?: boolean; caption?: string }

/** The body of a session-initialization call of either wire, as the platform writes it. */
export function sessionBody(
  wire: Wire,
  world: World,
  side: Side,
  action: UserAction,
  completionUrl: string,
  supplierKey: Settings['supplierKey'] = 'supplier',
): Record<string, unknown> {
  const { post, people } = world
  if (wire === 'v2')
    return {
      source: action.from === 'menu' ? 'CHAT' : 'CHAT_MESSAGE_ACTION',
      ...placeOf(world, side, action.from === 'button' && action.inBotChat === true),
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

/** Where a v2 click happened. The chat with a bot is about no post, and has no seller and no buyer. */
export function placeOf({ post, people, conversationId }: World, side: Side, inBotChat: boolean) {
  return inBotChat
    ? { post_token: null, conversation_id: people[side].botConversationId, user_side: null }
    : {
        post_token: post.token,
        conversation_id: conversationId,
        user_side: side === 'seller' ? 'SUPPLY' : 'DEMAND',
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
  const { request, ms, ...answer } = await callApp(url, key, body, wire === 'v2' ? { 'API-Version': '2' } : {})
  const about = { request, ms, budgetMs: BUDGET_MS }
  if ('failure' in answer) return { ...about, outcome: 'failed', notes: [answer.failure], refusal: answer.failure }
  const judged = judge(wire, answer.response)
  return { ...about, response: answer.response, ...judged, notes: [...judged.notes, ...lateNotes(ms)] }
}

const answerShape = z.looseObject({ url: z.string(), status: z.unknown().optional(), message: z.unknown().optional() })

function judge(
  wire: Wire,
  { status, body }: ShownResponse,
): Pick<SessionCall, 'outcome' | 'notes' | 'landing' | 'refusal'> {
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
  if (!isWebAddress(answer.url)) return refused('The url of the answer is not an absolute http(s) address.')
  return { outcome: 'ok', notes, landing: answer.url }
}
