import * as z from 'zod'
import { BUDGET_MS, callApp, isWebAddress, lateNotes, parseJson } from './call-app.ts'
import { placeOf } from './session-call.ts'
import type { ShownRequest, ShownResponse, Side, TimelineEntry } from './shown.ts'
import type { World } from './world.ts'

/** What the app wants to happen in the chat after a dynamic action. */
export type Reaction = { text?: string; url?: string; data?: Record<string, unknown> }

/** A call that was made, and how the app reacts unless it refuses. */
export type ActionCall = Pick<TimelineEntry, 'outcome' | 'notes' | 'ms' | 'budgetMs'> & {
  request: ShownRequest
  response?: ShownResponse
  reaction?: Reaction
  refusal?: string
}

/** The body of a dynamic-action call. */
export function actionBody(
  world: World,
  side: Side,
  data: Record<string, unknown>,
  inBotChat: boolean,
): Record<string, unknown> {
  return {
    touchpoint: 'CHAT_MESSAGE_ACTION',
    ...placeOf(world, side, inBotChat),
    extra_data: data,
    user_id: world.people[side].v2Id,
  }
}

/** Calls the app's dynamic-action URL as the platform does, and judges the answer. Never throws. */
export async function callAction(url: string, key: string, body: Record<string, unknown>): Promise<ActionCall> {
  const { request, ms, ...answer } = await callApp(url, key, body)
  const about = { request, ms, budgetMs: BUDGET_MS }
  if ('failure' in answer) return { ...about, outcome: 'failed', notes: [answer.failure], refusal: answer.failure }
  const read = readReaction(answer.response)
  const late = lateNotes(ms)
  return typeof read === 'string'
    ? { ...about, response: answer.response, outcome: 'refused', notes: [read, ...late], refusal: read }
    : { ...about, response: answer.response, outcome: 'ok', notes: late, reaction: read }
}

const answerShape = z.looseObject({
  message: z.unknown().optional(),
  text_message: z.string().nullish(),
  action: z
    .looseObject({
      open_direct_link: z.string().nullish(),
      open_server_link: z.looseObject({ data: z.record(z.string(), z.unknown()).nullish() }).nullish(),
    })
    .nullish(),
})

/** The reaction, or why the answer is none. */
function readReaction({ status, body }: ShownResponse): Reaction | string {
  const { data: answer, error } = answerShape.safeParse(parseJson(body))
  if (status !== 200) {
    const message = typeof answer?.message === 'string' ? `: ${answer.message}` : ''
    return `The app refused with ${status}${message}`
  }
  if (error) return `The answer is not {action?, text_message?}: ${z.prettifyError(error)}`
  const { text_message: text, action } = answer
  const { open_direct_link: url, open_server_link: server } = action ?? {}
  if (typeof url === 'string' && server) return 'action: expected one of open_direct_link and open_server_link.'
  if (action && typeof url !== 'string' && !server) {
    return 'action: expected open_direct_link or open_server_link.'
  }
  if (typeof url === 'string' && !isWebAddress(url)) {
    return 'action.open_direct_link is not an absolute http(s) address.'
  }
  if (!action && (text ?? '').trim() === '') return 'The answer has neither an action nor a text_message.'
  return {
    ...(typeof text === 'string' && text.trim() !== '' && { text }),
    ...(typeof url === 'string' && { url }),
    ...(server && { data: server.data ?? {} }),
  }
}
