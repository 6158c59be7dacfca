import { confirmAct } from '../../ui/confirm.ts'
import { find, make, messageOf } from '../../ui/dom.ts'
import { toast } from '../../ui/toast.ts'
import { worded } from '../../ui/worded.ts'
import { api } from './api.ts'
import { download } from './entry-detail.ts'
import { noteText } from './notes.ts'
import { sayTimeline, timelineText, type TimelineWord } from './timeline-words.ts'
import { say } from './words.ts'

/** Buttons above the timeline: clear the list, save and load a session, reset the chat. */
export function sessionTools(): void {
  const file = make('input', {
    attributes: { type: 'file', accept: 'application/json,.json', 'data-session-file': '', hidden: '' },
  })
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? []
    file.value = ''
    if (chosen) void load(chosen)
  })
  find('data-session-tools').append(
    button('clearList', 'data-clear-list', () => {
      attempt('cleared', api.clearTimeline)
    }),
    button('save', 'data-save-session', () => {
      attempt('saved', async () => {
        download('kenar-session.json', await api.session())
      })
    }),
    button('load', 'data-load-session', () => {
      file.click()
    }),
    button('resetChat', 'data-reset', () => {
      void confirmAct(timelineText('resetQuestion'), timelineText('resetAct'), timelineText('cancel')).then(
        (isSure) => {
          if (isSure) attempt('resetDone', api.reset)
        },
      )
    }),
    file,
  )
}

/** Asks first when there is something to lose. */
async function load(file: File): Promise<void> {
  const isEmpty = document.querySelector('[data-message], [data-entry]') === null
  const isSure =
    isEmpty || (await confirmAct(timelineText('loadQuestion'), timelineText('loadAct'), timelineText('cancel')))
  if (!isSure) return
  attempt('loaded', async () => {
    const text = await file.text()
    await api.loadSession(text).catch((error: unknown) => {
      throw new Error(notLoaded(messageOf(error)), { cause: error })
    })
  })
}

/** What the simulator says of the file is in English, a line for each mistake. */
function notLoaded(why: string): string {
  const { text, lang } = noteText(why)
  const detail = lang === 'fa' ? text : `\u2066${firstMistake(why)}\u2069`
  return `${sayTimeline('notLoaded')} ${detail}`
}

/** The first of the mistakes is enough to tell a session from another file. */
function firstMistake(why: string): string {
  const [first = ''] = why.split(/\n(?=✖)/)
  return first.replace(/^✖\s*/, '').replaceAll(/\s+/g, ' ')
}

function button(word: TimelineWord, attribute: string, click: () => void): HTMLElement {
  return worded('button', timelineText(word), {
    class: 'quiet',
    attributes: { type: 'button', [attribute]: '' },
    on: { click },
  })
}

/** Does something, and says how it ended. */
function attempt(done: TimelineWord, act: () => Promise<unknown>): void {
  act().then(
    () => {
      toast(sayTimeline(done), 'success', say('dismiss'))
    },
    (error: unknown) => {
      toast(noteText(messageOf(error)).text, 'danger', say('dismiss'))
    },
  )
}
