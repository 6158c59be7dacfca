import { numberText, textOf, type Text } from '../../ui/language.ts'
import type { Entry } from './shapes.ts'
import { sayOutcome, sayState, type Meaning, outcomeMeaning } from './state-words.ts'
import { fill } from './words.ts'

const KNOWN_KINDS: Record<Entry['kind'], Text> = {
  click: { fa: 'کلیک', en: 'Click' },
  action: { fa: 'اکشن پویا', en: 'Dynamic action' },
  consent: { fa: 'اجازه', en: 'Consent' },
  send: { fa: 'پیام', en: 'Message' },
  attempt: { fa: 'تلاش {number}', en: 'Attempt {number}' },
  event: { fa: 'رویداد', en: 'Event' },
  notice: { fa: 'خبر به سرویس', en: 'Notice to the service' },
}

/** Attempts that do not go to Divar. */
const ATTEMPTS_OF: Readonly<Record<string, Text>> = {
  event: { fa: 'رویداد، تلاش {number}', en: 'Event, attempt {number}' },
  webhook: { fa: 'خبر، تلاش {number}', en: 'Notice, attempt {number}' },
}

/** During an upgrade, a newer gateway may answer with a kind that this page does not know. */
const KINDS: Readonly<Record<string, Text>> = KNOWN_KINDS

/** Results of entries that are not outcomes of attempts. */
const RESULTS: Readonly<Record<string, { word: Text; meaning: Meaning }>> = {
  resolved: { word: { fa: 'به مقصد رسید', en: 'landed' }, meaning: 'success' },
  consent_asked: { word: { fa: 'از کاربر اجازه خواسته شد', en: 'consent was asked' }, meaning: 'information' },
  fell_back: { word: { fa: 'به مقصد جایگزین رفت', en: 'landed on the fallback' }, meaning: 'attention' },
  shed: { word: { fa: 'بار زیاد بود: مقصد جایگزین', en: 'too many at once: fallback' }, meaning: 'attention' },
  answered: { word: { fa: 'پاسخ گرفت', en: 'answered' }, meaning: 'success' },
  resolver_failed: { word: { fa: 'resolver پاسخ نداد', en: 'the resolver failed' }, meaning: 'danger' },
  action_failed: { word: { fa: 'اکشن پاسخ نداد', en: 'the action failed' }, meaning: 'danger' },
  overloaded: { word: { fa: 'بار زیاد بود', en: 'too many at once' }, meaning: 'danger' },
  started: { word: { fa: 'لینک باز شد', en: 'the link was opened' }, meaning: 'information' },
  granted: { word: { fa: 'کاربر اجازه داد', en: 'the user agreed' }, meaning: 'success' },
  denied: { word: { fa: 'کاربر اجازه نداد', en: 'the user did not agree' }, meaning: 'danger' },
  expired: { word: { fa: 'لینک منقضی بود', en: 'the link had expired' }, meaning: 'attention' },
  other_user: { word: { fa: 'کاربر دیگری بود', en: 'it was another user' }, meaning: 'danger' },
  other_browser: { word: { fa: 'مرورگر دیگری بود', en: 'it was another browser' }, meaning: 'attention' },
  not_allowed: { word: { fa: 'دیوار اجازه را نداد', en: 'Divar does not allow it' }, meaning: 'danger' },
  not_answered: { word: { fa: 'دیوار پاسخ نداد', en: 'Divar did not answer' }, meaning: 'danger' },
  queued: { word: { fa: 'در صف گذاشته شد', en: 'was queued' }, meaning: 'information' },
  replayed: { word: { fa: 'پاسخ پیشین داده شد', en: 'the earlier answer was repeated' }, meaning: 'information' },
  stored: { word: { fa: 'ثبت شد', en: 'was stored' }, meaning: 'information' },
  seen: { word: { fa: 'پیش‌تر رسیده بود', en: 'had come before' }, meaning: 'information' },
  filtered: {
    word: { fa: 'کنار گذاشته شد (EVENTS_TYPES)', en: 'was left out (EVENTS_TYPES)' },
    meaning: 'information',
  },
  revoked: { word: { fa: 'اجازه پس گرفته شد', en: 'access was revoked' }, meaning: 'attention' },
}

export function sayKind({ kind, number, event_type: type, wire }: Entry): string {
  const known = (kind === 'attempt' ? ATTEMPTS_OF[wire ?? ''] : undefined) ?? KINDS[kind]
  if (known === undefined) return kind
  const said = fill(textOf(known), { number: number === null ? '' : numberText(number) })
  return kind === 'event' && type !== null ? `${said} ${type}` : said
}

const TELLS: Text = { fa: 'می‌گوید «{state}»', en: 'tells “{state}”' }

export function sayResult({ kind, result, wire }: Entry): string {
  if (kind === 'notice') return fill(textOf(TELLS), { state: sayState(result) })
  const known = kind === 'attempt' ? undefined : RESULTS[result]
  return known === undefined ? sayOutcome(result, wire) : textOf(known.word)
}

export function resultMeaning({ kind, result }: Entry): Meaning {
  if (kind === 'notice') return 'information'
  return (kind === 'attempt' ? undefined : RESULTS[result]?.meaning) ?? outcomeMeaning(result)
}

export const ENTRY_WORDS = {
  timeline: { fa: 'خط زمان گفت‌وگو', en: 'Timeline of the conversation' },
  now: { fa: 'اکنون: {state}', en: 'now {state}' },
  openMessage: { fa: 'نمایش', en: 'Open' },
} as const satisfies Record<string, Text>
