import type { Conversation } from './conversation.ts'
import { isFramable } from './framable.ts'
import { callSession, sessionBody, type SessionCall, type UserAction } from './session-call.ts'
import type { ClickResult, ShownMessage, Side, Wire } from './shown.ts'

/** What was clicked: a button of a message, or the app's entry in the menu of the chat. */
type Clicked = {
  side: Side
  message_id?: string | undefined
  row?: number | undefined
  column?: number | undefined
}

/** A click on something that does not exist, or that does not call the app. */
export class ClickError extends Error {
  override name = 'ClickError'
}

/**
 * Simulates a click: calls the app's session-initialization URL on the selected wire, adds it to the timeline, and returns the landing. An
 * armed fault makes it a double click, or one with a wrong key.
 * @throws ClickError
 */
export async function click(
  conversation: Conversation,
  clicked: Clicked,
  app: { identificationKey: string; ownOrigin: string },
): Promise<ClickResult> {
  const { side } = clicked
  const { wire, sessionUrl, supplierKey } = conversation.settings
  const action = readAction(conversation, clicked)
  const body = sessionBody(wire, conversation.world, side, action, `${app.ownOrigin}/completion`, supplierKey)
  const fault = conversation.faults.take('click')
  const call = async (key: string) => callSession(sessionUrl, key, wire, body)
  const note = (made: SessionCall, notes: string[] = []) => noteClick(conversation, { side, wire, action }, made, notes)

  if (fault === 'wrong_key') {
    const made = await call(`${app.identificationKey}-wrong`)
    const entry = note({ ...made, outcome: 'faulted' }, [wrongKeyNote(made)])
    return { entryId: entry.id, refusal: wrongKeyNote(made) }
  }
  const [made, double] = await Promise.all([
    call(app.identificationKey),
    ...(fault === 'duplicate_click' ? [call(app.identificationKey)] : []),
  ])
  const entry = note(made)
  if (double)
    note({ ...double, outcome: 'faulted' }, ['The same click once more, at the same moment, as was asked for.'])
  if (made.landing === undefined) return { entryId: entry.id, refusal: made.refusal ?? 'There is no landing.' }
  conversation.note({ kind: 'landing', side, wire, outcome: 'ok', notes: [], request: opening(made.landing) })
  return { entryId: entry.id, url: made.landing, framable: await isFramable(made.landing, app.ownOrigin) }
}

function noteClick(
  conversation: Conversation,
  { side, wire, action }: { side: Side; wire: Wire; action: UserAction },
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
    ...(response && { response }),
    ...(ms !== undefined && { ms }),
    ...(budgetMs !== undefined && { budgetMs }),
    notes: [...more, ...notes, ...(lost ? ['v2 documents no place for a location, so it does not come along.'] : [])],
  })
}

function wrongKeyNote({ response }: SessionCall): string {
  return response?.status === 401
    ? 'A wrong key was sent, as was asked for, and the app refused it with 401, as it must.'
    : 'A wrong key was sent, as was asked for, and the app did NOT refuse it with 401: anyone can pose as Divar.'
}

function opening(url: string) {
  return { method: 'GET', url, headers: {}, body: '' }
}

function readAction(conversation: Conversation, { side, message_id, row = 0, column = 0 }: Clicked): UserAction {
  if (message_id === undefined) return { from: 'menu' }
  const message = conversation.findMessage(message_id)
  if (message === undefined) throw new ClickError('There is no such message in the chat.')
  const button = message.buttons[side][row]?.[column]
  if (button === undefined) throw new ClickError('There is no such button on this side of the message.')
  if (button.kind !== 'open_server_link') throw new ClickError(`A click on ${button.kind} does not call the app.`)
  return { from: 'button', data: button.data ?? {}, ...(message.location && { location: message.location }) }
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
