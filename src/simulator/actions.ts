import { actionBody, callAction, type ActionCall, type Reaction } from './action-call.ts'
import { click, findButton, noteWrongKey, openLanding, openSession, type AppAccess, type Clicked } from './clicks.ts'
import type { Conversation } from './conversation.ts'
import type { ClickResult, Side } from './shown.ts'

/**
 * Simulates a press on a button or on the app's entry in the menu. A button with a dynamic action calls the app's dynamic-action URL, and
 * what it answers happens in place; the rest are clicks.
 * @throws ClickError
 */
export async function press(conversation: Conversation, pressed: Clicked, app: AppAccess): Promise<ClickResult> {
  const found = pressed.message_id === undefined ? undefined : findButton(conversation, pressed)
  if (found?.button.kind !== 'get_dynamic_action') return click(conversation, pressed, app)
  const { side } = pressed
  const { caption } = found.button
  const journey = conversation.beginJourney()
  const inBotChat = found.message.chat === 'bot'
  const body = actionBody(conversation.world, side, found.button.data ?? {}, inBotChat)
  const { actionUrl } = conversation.settings
  const fault = conversation.faults.take('click')
  const note = (made: ActionCall, notes: string[] = []) =>
    noteAction(conversation, { side, journey, caption }, made, notes)

  if (fault === 'wrong_key') {
    const made = await callAction(actionUrl, `${app.identificationKey}-wrong`, body)
    const said = noteWrongKey(made)
    return { entryId: note({ ...made, outcome: 'faulted' }, [said]).id, refusal: said }
  }
  const [made, double] = await Promise.all([
    callAction(actionUrl, app.identificationKey, body),
    ...(fault === 'duplicate_click' ? [callAction(actionUrl, app.identificationKey, body)] : []),
  ])
  const entry = note(made)
  if (double) note({ ...double, outcome: 'faulted' }, ['The same press once more, at the same moment.'])
  if (made.reaction === undefined) return { entryId: entry.id, refusal: made.refusal ?? 'There is no answer.' }
  return react(conversation, { side, inBotChat, journey, entryId: entry.id }, made.reaction, app)
}

async function react(
  conversation: Conversation,
  { side, inBotChat, journey, entryId }: { side: Side; inBotChat: boolean; journey: number; entryId: number },
  { text, url, data }: Reaction,
  app: AppAccess,
): Promise<ClickResult> {
  const said = text !== undefined && { text }
  if (url !== undefined) return { ...said, ...(await openLanding(conversation, { side, journey, entryId, url }, app)) }
  if (data === undefined) return { entryId, ...said }
  return { ...said, ...(await openSession(conversation, { side, journey }, { from: 'button', data, inBotChat }, app)) }
}

function noteAction(
  conversation: Conversation,
  about: { side: Side; journey: number; caption: string },
  { outcome, notes, ms, budgetMs, request, response }: ActionCall,
  more: string[],
) {
  return conversation.note({
    kind: 'action',
    ...about,
    wire: 'v2',
    outcome,
    request,
    ...(response && { response }),
    ...(ms !== undefined && { ms }),
    ...(budgetMs !== undefined && { budgetMs }),
    notes: [...more, ...notes],
  })
}
