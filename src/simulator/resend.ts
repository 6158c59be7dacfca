import { callAction } from './action-call.ts'
import { ClickError } from './clicks.ts'
import type { Conversation } from './conversation.ts'
import type { EventSender } from './events.ts'
import { callSession } from './session-call.ts'
import type { TimelineEntry } from './shown.ts'

/**
 * Sends a click, a dynamic action or an event of the timeline to the app once more, perhaps with another body. It goes to the address that is
 * set now, so an entry cannot direct the identification key elsewhere.
 * @throws ClickError
 */
export async function resend(
  {
    conversation,
    events,
    identificationKey: key,
  }: { conversation: Conversation; events: EventSender; identificationKey: string },
  { entryId, body }: { entryId: number; body: Record<string, unknown> },
): Promise<TimelineEntry> {
  const original = conversation.findEntry(entryId)
  if (original === undefined) throw new ClickError('There is no such entry in the timeline.')
  const { kind, side, wire, caption } = original
  const about = {
    ...(side && { side }),
    ...(wire && { wire }),
    ...(caption !== undefined && { caption }),
    repeats: entryId,
  }
  const { sessionUrl, actionUrl } = conversation.settings
  if (kind === 'event') {
    const [first] = await events.send({ body, ...(side && { side }), repeats: entryId })
    if (first === undefined) throw new ClickError('The event was not sent.')
    return first
  }
  if (kind !== 'click' && kind !== 'action') throw new ClickError(`An entry of the kind ${kind} cannot be sent again.`)
  const journey = conversation.beginJourney()
  const { outcome, notes, ms, budgetMs, request, response } =
    kind === 'click' ? await callSession(sessionUrl, key, wire ?? 'v1', body) : await callAction(actionUrl, key, body)
  return conversation.note({
    kind,
    ...about,
    journey,
    outcome,
    notes,
    request,
    ...(response && { response }),
    ...(ms !== undefined && { ms }),
    ...(budgetMs !== undefined && { budgetMs }),
  })
}
