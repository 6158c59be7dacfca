import type { TimelineEntry } from '../shown.ts'
import { make, messageOf } from '../../ui/dom.ts'
import { inLanguage, textOf } from '../../ui/language.ts'
import { toast } from '../../ui/toast.ts'
import { worded } from '../../ui/worded.ts'
import { api } from './api.ts'
import { OWN, parse } from './exports.ts'
import { noteText } from './notes.ts'
import { sayTimeline, timelineText } from './timeline-words.ts'
import { say } from './words.ts'

const TO_APP = new Set<TimelineEntry['kind']>(['click', 'action', 'event'])
/** Paths of the platform. A parsed http address has no dot segments left. */
const PLATFORM = /^\/(?:v\d+|experimental)\//
const TO_PLATFORM = new Set<TimelineEntry['kind']>(['delivery', 'bot'])

/** A folded form that sends the entry's request again, with a body that can be changed. Nothing for kinds that cannot be sent again. */
export function resendForm(entry: TimelineEntry): HTMLElement[] {
  const { request } = entry
  if (request === undefined || !(TO_APP.has(entry.kind) || TO_PLATFORM.has(entry.kind))) return []
  const parsed = parse(request.body)
  const text = make('textarea', {
    attributes: { dir: 'ltr', rows: '8', spellcheck: 'false', maxlength: '65536', 'data-edited': '' },
  })
  text.value = typeof parsed === 'string' ? parsed : JSON.stringify(parsed, null, 2)
  inLanguage(text, () => {
    text.setAttribute('aria-label', textOf(timelineText('editedBody')))
  })
  const send = worded('button', timelineText('sendAgain'), {
    class: 'primary',
    attributes: { type: 'submit', 'data-resend': '' },
  })
  const submit = (event: Event) => {
    event.preventDefault()
    if (send.getAttribute('aria-busy') === 'true') return
    send.setAttribute('aria-busy', 'true')
    sendAgain(entry, text.value)
      .then((status) => {
        toast(
          status === undefined ? sayTimeline('sentSilent') : sayTimeline('sentAgain', { status: String(status) }),
          status !== undefined && status < 300 ? 'success' : 'danger',
          say('dismiss'),
        )
      })
      .catch((error: unknown) => {
        toast(noteText(messageOf(error)).text, 'danger', say('dismiss'))
      })
      .finally(() => {
        send.removeAttribute('aria-busy')
      })
  }
  return [
    make(
      'details',
      { class: 'resend' },
      worded('summary', timelineText('edit'), { attributes: { 'data-edit-entry': '' } }),
      make('form', { on: { submit } }, text, send),
    ),
  ]
}

/** The status of the answer; undefined when there was none. */
async function sendAgain({ id, kind, request }: TimelineEntry, body: string): Promise<number | undefined> {
  try {
    JSON.parse(body)
  } catch (error) {
    throw new Error(sayTimeline('notJson') + messageOf(error), { cause: error })
  }
  if (TO_APP.has(kind)) return (await api.resend(id, body)).status
  // A call of the app's to the platform is made to the platform: this simulator.
  const address = platformAddress(request?.url)
  if (address === undefined) throw new Error(sayTimeline('noPlatform'))
  const headers = Object.entries(request?.headers ?? {}).filter(([name]) => !OWN.has(name.toLowerCase()))
  const signal = AbortSignal.timeout(10_000)
  const answer = await fetch(address, { method: 'POST', headers, body, signal }).catch(() => undefined)
  return answer?.status
}

/**
 * The same route of this simulator's platform; undefined for any other address. A loaded session may be hostile: an entry that was sent to
 * one of the simulator's own routes could change the address that clicks and their key are sent to.
 */
function platformAddress(url = ''): string | undefined {
  const { pathname, search } = URL.parse(url) ?? {}
  if (pathname === undefined || !PLATFORM.test(pathname)) return undefined
  return `${location.origin}${pathname}${search ?? ''}`
}
