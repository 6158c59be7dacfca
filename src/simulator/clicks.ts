import type { Conversation } from './conversation.ts'
import { isFramable } from './framable.ts'
import { callSession, sessionBody, type SessionCall, type UserAction } from './session-call.ts'
import type { ClickResult, ShownButton, ShownMessage, ShownResponse, Side, Wire } from './shown.ts'

/** What was clicked: a button of a message, or the app's entry in the menu of the chat. */
export type Clicked = {
  side: Side
  message_id?: string | undefined
  row?: number | undefined
  column?: number | undefined
}

export type AppAccess = { identificationKey: string; ownOrigin: string }

/** A click on something that does not exist, or that does not call the app. */
export class ClickError extends Error {
  override name = 'ClickError'
}

/**
 * Simulates a click: calls the app's session-initialization URL, adds it to the timeline, and returns the landing. An armed fault makes it
 * a double click, or one with a wrong key.
 * @throws ClickError
 */
export async function click(conversation: Conversation, clicked: Clicked, app: AppAccess): Promise<ClickResult> {
  const action = readAction(conversation, clicked)
  const journey = conversation.beginJourney()
  return openSession(conversation, { side: clicked.side, journey }, action, app, conversation.faults.take('click'))
}

/** Calls the app's session-initialization URL on the selected wire. A chat with a bot has no place on v1, so its clicks are v2. */
export async function openSession(
  conversation: Conversation,
  { side, journey }: { side: Side; journey: number },
  action: UserAction,
  app: AppAccess,
  fault?: string,
): Promise<ClickResult> {
  const { sessionUrl, supplierKey } = conversation.settings
  const inBotChat = action.from === 'button' && action.inBotChat === true
  const wire = inBotChat ? 'v2' : conversation.settings.wire
  const body = sessionBody(wire, conversation.world, side, action, `${app.ownOrigin}/completion`, supplierKey)
  const call = async (key: string) => callSession(sessionUrl, key, wire, body)
  const note = (made: SessionCall, notes: string[] = []) =>
    noteClick(conversation, { side, wire, action, journey }, made, notes)

  if (fault === 'wrong_key') {
    const made = await call(`${app.identificationKey}-wrong`)
    const said = noteWrongKey(made)
    return { entryId: note({ ...made, outcome: 'faulted' }, [said]).id, refusal: said }
  }
  const [made, double] = await Promise.all([
    call(app.identificationKey),
    ...(fault === 'duplicate_click' ? [call(app.identificationKey)] : []),
  ])
  const entry = note(made)
  if (double) note({ ...double, outcome: 'faulted' }, ['Simulated fault: the same click once more, at the same time.'])
  if (made.landing === undefined) return { entryId: entry.id, refusal: made.refusal ?? 'There is no landing.' }
  return openLanding(conversation, { side, wire, journey, entryId: entry.id, url: made.landing }, app)
}

/** The user's web view opens an address. */
export async function openLanding(
  conversation: Conversation,
  {
    side,
    wire = 'v2',
    journey,
    entryId,
    url,
  }: { side: Side; wire?: Wire; journey: number; entryId: number; url: string },
  { ownOrigin }: AppAccess,
): Promise<ClickResult> {
  const request = { method: 'GET', url, headers: {}, body: '' }
  conversation.note({ kind: 'landing', side, wire, outcome: 'ok', notes: [], request, journey })
  return { entryId, url, framable: await isFramable(url, ownOrigin) }
}

function noteClick(
  conversation: Conversation,
  { side, wire, action, journey }: { side: Side; wire: Wire; action: UserAction; journey: number },
  { outcome, notes, ms, budgetMs, request, response }: SessionCall,
  more: string[],
) {
  const lost = wire === 'v2' && action.from === 'button' && action.location !== undefined
  return conversation.note({
    kind: 'click',
    side,
    wire,
    outcome,
    request,
    journey,
    ...(action.from === 'button' && action.caption !== undefined && { caption: action.caption }),
    ...(response && { response }),
    ...(ms !== undefined && { ms }),
    ...(budgetMs !== undefined && { budgetMs }),
    notes: [...more, ...notes, ...(lost ? ['v2 documents no place for a location, so it does not come along.'] : [])],
  })
}

/** A click that was not sent, because the app cannot be called. */
export function noteObstacle(conversation: Conversation, side: Side, reason: string): ClickResult {
  const { wire } = conversation.settings
  const entry = conversation.note({ kind: 'click', side, wire, outcome: 'failed', notes: [reason] })
  return { entryId: entry.id, refusal: reason }
}

/** What the app's answer to a wrong key means. */
export function noteWrongKey({ response }: { response?: ShownResponse }): string {
  return response?.status === 401
    ? 'Simulated fault: a wrong key was sent. The app refused it with 401, as it must.'
    : 'Simulated fault: a wrong key was sent. The app did NOT refuse it with 401, so anyone can pose as Divar.'
}

/** @throws ClickError */
export function findButton(
  conversation: Conversation,
  { side, message_id = '', row = 0, column = 0 }: Clicked,
): { message: ShownMessage; button: ShownButton } {
  const message = conversation.findMessage(message_id)
  if (message === undefined) throw new ClickError('There is no such message in the chat.')
  const button = message.buttons[side][row]?.[column]
  if (button === undefined) throw new ClickError('There is no such button on this side of the message.')
  return { message, button }
}

function readAction(conversation: Conversation, clicked: Clicked): UserAction {
  if (clicked.message_id === undefined) return { from: 'menu' }
  const { message, button } = findButton(conversation, clicked)
  if (button.kind !== 'open_server_link') throw new ClickError(`A click on ${button.kind} does not call the app.`)
  return {
    from: 'button',
    data: button.data ?? {},
    ...(message.location && { location: message.location }),
    inBotChat: message.chat === 'bot',
    caption: button.caption,
  }
}

/** A person's message: a text, or a location, under which the platform shows a button of the app. */
export function personMessage(
  side: Side,
  { text, location, caption }: { text: string; location?: ShownMessage['location']; caption: string },
): Omit<ShownMessage, 'id' | 'at'> {
  if (location === undefined) return { from: side, kind: 'text', text, buttons: { seller: [], buyer: [] } }
  const appButton = () => [[{ kind: 'open_server_link' as const, caption, icon: 'LOCATION', data: {} }]]
  return { from: side, kind: 'location', text, location, buttons: { seller: appButton(), buyer: appButton() } }
}
