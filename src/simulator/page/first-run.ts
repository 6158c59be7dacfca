import type { Side, TimelineEntry } from '../shown.ts'
import { codeBlock } from '../../ui/code-block.ts'
import { announce, find, make } from '../../ui/dom.ts'
import { inLanguage, textOf, type Text } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import { api } from './api.ts'
import { wordOf } from './words.ts'

const STORED_AS = 'first-run'
const STEPS = ['press', 'allow', 'curl', 'break'] as const
type StepName = (typeof STEPS)[number]

const TITLE: Text = { fa: 'چهار قدم اول', en: 'The first four steps' }
const ALL_DONE: Text = { fa: 'هر چهار قدم انجام شد', en: 'All four steps are done' }
const DONE: Text = { fa: 'انجام شد', en: 'done' }
const COMMAND: Text = { fa: 'دستور curl', en: 'The curl command' }
const FAULTS: Text = { fa: 'رفتن به خطاها', en: 'Go to the faults' }
const WORDS: Record<StepName, Text> = {
  press: {
    fa: 'در یکی از گوشی‌ها دکمه‌ای بزنید یا اپ را باز کنید.',
    en: 'On one of the phones, press a button or open the app.',
  },
  allow: {
    fa: 'در صفحه‌ای که باز می‌شود به اپ اجازه بدهید. اگر اپ اجازه‌ای نخواست، دستور زیر را اجرا کنید و consent_url پاسخ را باز کنید.',
    en: 'Allow what the app asks for, in the page that opens. If it asks for nothing, run the command below, and open the consent_url of its answer.',
  },
  curl: {
    fa: 'سپس در ترمینال پیامی بفرستید، همان‌طور که سرویس شما می‌فرستد:',
    en: 'Then send a message from a terminal, as your service does:',
  },
  break: {
    fa: 'خرابش کنید: خطایی ساختگی آماده کنید و همان پیام را دوباره بفرستید.',
    en: 'Break it: arm a simulated fault, and send the same message again.',
  },
}

type FirstRun = { see: (entry: TimelineEntry) => void; settle: () => void }

/** The card of the first four steps. Each is ticked off when it happens; the card is gone for good once it is dismissed. */
export function firstRun(showFaults: () => void): FirstRun {
  const place = find('data-first-run')
  const stored = new Set((localStorage.getItem(STORED_AS) ?? '').split(','))
  if (stored.has('dismissed')) return { see: () => undefined, settle: () => undefined }
  const done = new Set<StepName>(STEPS.filter((step) => stored.has(step)))
  const remember = (...more: string[]) => {
    localStorage.setItem(STORED_AS, [...done, ...more].join(','))
  }
  const command = make('div')
  let side: Side = 'buyer'
  const drawCommand = () => {
    api.firstCurl(side).then(
      ({ command: text }) => {
        command.replaceChildren(codeBlock(text, COMMAND))
      },
      () => {
        command.replaceChildren()
      },
    )
  }
  const extras: Partial<Record<StepName, HTMLElement>> = {
    curl: command,
    break: worded('button', FAULTS, { class: 'quiet', attributes: { type: 'button' }, on: { click: showFaults } }),
  }
  const title = make('h3')
  const items = STEPS.map((step) => ({ step, item: stepItem(step, extras[step]) }))
  const draw = () => {
    for (const { step, item } of items) item.toggleAttribute('data-done', done.has(step))
    inLanguage(title, () => {
      title.textContent = textOf(done.size === STEPS.length ? ALL_DONE : TITLE)
    })
  }
  const dismiss = () => {
    remember('dismissed')
    place.replaceChildren()
    find('data-timeline').focus()
  }
  const close = worded('button', wordOf('close'), {
    class: 'quiet',
    attributes: { type: 'button', 'data-dismiss-first-run': '' },
    on: { click: dismiss },
  })
  place.replaceChildren(
    make(
      'section',
      { class: 'card first-run' },
      make('div', { class: 'panel-head' }, title, close),
      make('ol', {}, ...items.map(({ item }) => item)),
    ),
  )
  draw()
  return {
    see: (entry) => {
      const step = stepOf(entry)
      if (step === 'allow' && entry.side && entry.side !== side) {
        side = entry.side
        drawCommand()
      }
      if (step === undefined || done.has(step)) return
      done.add(step)
      remember()
      draw()
      announce(`${textOf(WORDS[step])} ${textOf(DONE)}`)
    },
    settle: drawCommand,
  }
}

/** The step that this entry is, if it is one. */
function stepOf({ kind, side, outcome, request }: TimelineEntry): StepName | undefined {
  if (outcome === 'faulted') return 'break'
  if (outcome !== 'ok') return undefined
  if (kind === 'click' || kind === 'action') return 'press'
  if (kind === 'consent' && side && request !== undefined) return 'allow'
  return kind === 'delivery' && request?.body.includes('curl') === true ? 'curl' : undefined
}

function stepItem(step: StepName, extra: HTMLElement | undefined): HTMLElement {
  const mark = make('span', { class: 'tick', attributes: { 'aria-hidden': 'true' } })
  const text = worded('span', WORDS[step])
  const isDone = worded('span', DONE, { class: 'success done' })
  return make(
    'li',
    { attributes: { 'data-step': step } },
    mark,
    make('div', { class: 'step' }, make('p', {}, text, isDone), ...(extra ? [extra] : [])),
  )
}
