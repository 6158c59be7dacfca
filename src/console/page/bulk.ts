import { copyButton } from '../../ui/copy.ts'
import { announce, make } from '../../ui/dom.ts'
import { numberText, textOf, type Text } from '../../ui/language.ts'
import { ACT_WORDS, type Counted } from './act-words.ts'
import { api } from './api.ts'
import { isSessionEnd, leave } from './poll.ts'
import { whyNot } from './refusal-words.ts'
import type { Act, BulkAnswer, BulkFilter } from './shapes.ts'
import { fill } from './words.ts'

/** A call changes about a twentieth, so that the bar moves; at most what the gateway takes. */
const STEPS = 20
const MIN_CALL = 50
const MAX_CALL = 1000

type Bulk = {
  act: Act
  /** Of these, rather than of messages. */
  isOfEvents: boolean
  filter: BulkFilter
  /** Which messages these are, in a sentence. */
  which: string
  /** Whether some of them may have been delivered. */
  mayRepeat: boolean
  /** Which others are not among them, in a sentence; empty if that is clear. */
  others: string
  onChanged: () => void
}

type Total = {
  changed: number
  wiped: number
  wrongState: number
  left: number
  until: string
  /** Whether the last call was. */
  isAnswered: boolean
}

/** Asks how many there are, says what will happen, acts in steps with a bar, and sums up. Escape stops after the running step. */
export function openBulk({ act, isOfEvents, filter, which, mayRepeat, others, onChanged }: Bulk): void {
  const words = wordsOf(act, isOfEvents)
  const body = make('div', { class: 'bulk', attributes: { 'data-bulk': 'counting' } })
  const close = make('button', {
    class: 'quiet',
    text: textOf(ACT_WORDS.close),
    attributes: { type: 'button', 'data-bulk-close': '' },
  })
  const start = make('button', {
    class: 'primary',
    attributes: { type: 'button', hidden: '', 'data-bulk-start': '' },
  })
  const dialog = make(
    'dialog',
    { class: 'card bulk-dialog', attributes: { 'aria-labelledby': 'bulk-title' } },
    make('h2', { text: textOf(words.title), attributes: { id: 'bulk-title' } }),
    make('p', { class: 'soft', text: which }),
    body,
    make('div', { class: 'row' }, start, close),
  )
  let isStopped = false
  close.addEventListener('click', () => {
    dialog.close()
  })
  dialog.addEventListener('close', () => {
    isStopped = true
    dialog.remove()
    onChanged()
  })
  const tell = (state: string, ...parts: Node[]) => {
    body.dataset['bulk'] = state
    body.replaceChildren(...parts)
  }
  let onStart: () => Promise<void>
  const attempt = (what: () => Promise<void>) => {
    what().catch((error: unknown) => {
      if (isSessionEnd(error)) {
        leave()
        return
      }
      tell('failed', sentence(fill(textOf(ACT_WORDS.failed), { why: whyNot(error) }), 'danger'))
      onStart = what
      start.textContent = textOf(ACT_WORDS.goOn)
      start.hidden = false
      close.textContent = textOf(ACT_WORDS.close)
      start.focus()
    })
  }
  start.addEventListener('click', () => {
    attempt(onStart)
  })
  /** Acts on what is left: after an interruption it is called again, and first asks how many were done meanwhile. */
  const run = async (count: BulkAnswer, total: Total) => {
    start.hidden = true
    close.textContent = textOf(ACT_WORDS.stop)
    const bar = make('progress', { attributes: { max: String(count.left), 'aria-labelledby': 'bulk-progress' } })
    const said = make('p', { attributes: { id: 'bulk-progress', role: 'status' } })
    tell('running', said, bar)
    close.focus()
    const show = () => {
      const done = Math.max(0, count.left - total.left)
      bar.value = done
      said.textContent = fill(textOf(ACT_WORDS.progress), { done: numberText(done), total: numberText(count.left) })
    }
    show()
    await catchUp(act, filter, total)
    await actInSteps(act, filter, count.left, total, () => isStopped, show)
    const summary = summaryOf(act, total)
    const title = textOf(isStopped ? ACT_WORDS.stopped : ACT_WORDS.finished)
    const done = outcomes(words.did, total)
    bar.value = bar.max
    tell(
      'finished',
      bar,
      make('h3', { text: title }),
      ...done,
      copyButton(ACT_WORDS.copySummary, () => summary),
    )
    announce([title, ...done.map(({ textContent }) => textContent)].join('. '))
    close.textContent = textOf(ACT_WORDS.close)
  }
  document.body.append(dialog)
  tell('counting', sentence(textOf(ACT_WORDS.counting)))
  dialog.showModal()
  const count = async () => {
    start.hidden = true
    const counted = await api.count(act, filter)
    const { skipped, left, until } = counted
    const total: Total = { changed: 0, wiped: skipped.wiped, wrongState: 0, left, until, isAnswered: true }
    tell('counted', ...consequences(words.will, counted, mayRepeat, others))
    start.textContent = counting(words.start, left)
    start.hidden = left === 0
    onStart = () => run(counted, total)
    if (left > 0) start.focus()
  }
  onStart = count
  attempt(count)
}

/** A call that was not answered may have been carried out. What is gone from those that are left since then was changed by it. */
async function catchUp(act: Act, filter: BulkFilter, total: Total): Promise<void> {
  if (total.isAnswered) return
  const { left } = await api.count(act, { ...filter, until: total.until })
  total.changed += Math.max(0, total.left - left)
  total.left = left
  total.isAnswered = true
}

async function actInSteps(
  act: Act,
  filter: BulkFilter,
  all: number,
  total: Total,
  isStopped: () => boolean,
  tell: () => void,
): Promise<void> {
  const limit = Math.min(MAX_CALL, Math.max(MIN_CALL, Math.ceil(all / STEPS)))
  while (total.left > 0 && !isStopped()) {
    total.isAnswered = false
    const { changed, skipped, left, until } = await api.bulk(act, { ...filter, limit, until: total.until })
    total.isAnswered = true
    total.changed += changed
    total.wrongState += skipped.wrong_state
    total.wiped = skipped.wiped
    total.until = until
    total.left = left
    tell()
    if (changed + skipped.wrong_state === 0) break
  }
}

function wordsOf(act: Act, isOfEvents: boolean): { title: Text; will: Counted; start: Counted; did: Counted } {
  if (act === 'cancel') {
    const { cancelTitle: title, willCancel: will, startCancel: start, didCancel: did } = ACT_WORDS
    return { title, will, start, did }
  }
  if (isOfEvents) {
    const { retryEventsTitle: title, willRetryEvents: will, startRetryEvents: start, didRetryEvents: did } = ACT_WORDS
    return { title, will, start, did }
  }
  const { retryTitle: title, willRetry: will, startRetry: start, didRetry: did } = ACT_WORDS
  return { title, will, start, did }
}

function counting({ one, many }: Counted, count: number): string {
  return fill(textOf(count === 1 ? one : many), { count: numberText(count) })
}

function consequences(will: Counted, { left, skipped }: BulkAnswer, mayRepeat: boolean, others: string): Node[] {
  return [
    sentence(left === 0 ? textOf(ACT_WORDS.noneMatch) : counting(will, left)),
    ...(mayRepeat && left > 0 ? [sentence(`▲ ${textOf(ACT_WORDS.mayRepeat)}`, 'attention')] : []),
    ...(skipped.wiped > 0 ? [sentence(counting(ACT_WORDS.wiped, skipped.wiped), 'soft')] : []),
    ...(others === '' ? [] : [sentence(others, 'soft')]),
  ]
}

/** What was done, and what was not. */
function outcomes(did: Counted, { changed, wrongState, wiped, left }: Total): HTMLElement[] {
  const undone = [
    [ACT_WORDS.changedMeanwhile, wrongState],
    [ACT_WORDS.wiped, wiped],
    [ACT_WORDS.left, left],
  ] as const
  return [
    sentence(counting(did, changed)),
    ...undone.filter(([, count]) => count > 0).map(([said, count]) => sentence(counting(said, count), 'soft')),
  ]
}

/** For a ticket: with the time up to which the same filter can be continued. */

function summaryOf(act: Act, { changed, wrongState, wiped, left, until }: Total): string {
  return fill(textOf(ACT_WORDS.summary), {
    act: textOf(ACT_WORDS[act]),
    changed: numberText(changed),
    wrong: numberText(wrongState),
    wiped: numberText(wiped),
    left: numberText(left),
    until,
  })
}

function sentence(text: string, className = ''): HTMLElement {
  return make('p', { class: className, text })
}
