import { textOf, type Text } from '../../ui/language.ts'
import { Refusal } from './api.ts'
import { fill } from './words.ts'

/** Why the gateway did not do something, by its error code. */
const WHY: Readonly<Record<string, Text>> = {
  wrong_state: {
    fa: 'وضعیت آن در این میان عوض شده است.',
    en: 'Its state has changed meanwhile.',
  },
  content_wiped: {
    fa: 'متن آن پاک شده است و دوباره فرستاده نمی‌شود.',
    en: 'Its text is wiped, so it cannot be sent again.',
  },
  not_found: { fa: 'دیگر نگه داشته نمی‌شود.', en: 'It is not kept any longer.' },
  not_allowed: {
    fa: 'دروازه این صفحه را نپذیرفت. صفحه را دوباره بارگذاری کنید؛ پروکسی باید هدر Host را همان‌طور که مرورگر فرستاده نگه دارد.',
    en: 'The gateway refused this page. Load it again; a proxy must leave the Host header as the browser sent it.',
  },
  queue_full: {
    fa: 'صف ارسال این سرویس پر است. کمی بعد دوباره تلاش کنید.',
    en: 'The queue of this caller is full. Try again later.',
  },
  store_unavailable: {
    fa: 'پایگاه داده پاسخ نمی‌دهد. کمی بعد دوباره تلاش کنید.',
    en: 'The store does not answer. Try again in a moment.',
  },
}

const NOT_DONE: Text = { fa: 'انجام نشد. {why}', en: 'Not done. {why}' }
const OTHER: Text = { fa: 'پاسخ: {answer}', en: 'The answer was {answer}.' }
/** Something else than the gateway answered. */
const BETWEEN: Text = {
  fa: 'پاسخ {status} از دروازه نبود؛ پروکسی جلوی آن را بررسی کنید.',
  en: 'The answer {status} was not from the gateway; check the proxy in front of it.',
}
/** The act may have been carried out. */
const NOT_SURE: Text = {
  fa: 'معلوم نیست که انجام شد یا نه: {why} پیش از تلاش دوباره وضعیت را ببینید.',
  en: 'It is unknown whether this was done: {why} Look at the state before you try again.',
}
const NO_ANSWER: Text = { fa: 'پاسخی از دروازه نیامد.', en: 'the gateway did not answer.' }
const STORE_UNSURE: Text = {
  fa: 'پایگاه داده پاسخ نداد که ثبت شد.',
  en: 'the store did not confirm it.',
}

/** Whether an act that failed in this way may have been carried out. */
function isUnsure(error: unknown): boolean {
  return !(error instanceof Refusal) || error.code === 'store_outcome_unknown'
}

/** Why something failed, in a sentence. */
export function whyNot(error: unknown): string {
  if (!(error instanceof Refusal)) return textOf(NO_ANSWER)
  const { status, code } = error
  if (code === '') return fill(textOf(BETWEEN), { status: String(status) })
  if (code === 'store_outcome_unknown') return textOf(STORE_UNSURE)
  const known = WHY[code]
  return known === undefined ? fill(textOf(OTHER), { answer: `\u2066${status} ${code}\u2069` }) : textOf(known)
}

/** That an act failed, and why. */
export function failureOf(error: unknown): string {
  return fill(textOf(isUnsure(error) ? NOT_SURE : NOT_DONE), { why: whyNot(error) })
}
