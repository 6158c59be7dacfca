import { textOf, type Text } from '../../ui/language.ts'
import { now } from '../../ui/now.ts'
import type { Message, MessageState, SubscriptionState } from './shapes.ts'
import { fill } from './words.ts'

export type Meaning = 'success' | 'attention' | 'danger' | 'information'

type Word = Text & { meaning: Meaning }

const KNOWN_STATES: Record<MessageState | SubscriptionState, Word> = {
  queued: { fa: 'در صف', en: 'queued', meaning: 'information' },
  sending: { fa: 'در حال ارسال', en: 'sending', meaning: 'information' },
  delivered: { fa: 'تحویل شد', en: 'delivered', meaning: 'success' },
  rejected: { fa: 'رد شد', en: 'rejected', meaning: 'danger' },
  failed: { fa: 'ناموفق', en: 'failed', meaning: 'danger' },
  unknown: { fa: 'نامشخص', en: 'unknown', meaning: 'attention' },
  expired: { fa: 'منقضی', en: 'expired', meaning: 'attention' },
  cancelled: { fa: 'لغو شد', en: 'cancelled', meaning: 'information' },
  active: { fa: 'فعال', en: 'active', meaning: 'success' },
  waiting: { fa: 'در انتظار اجازه', en: 'waiting for consent', meaning: 'attention' },
}

/** During an upgrade, a newer gateway may answer with a state that this page does not know. */
const STATES: Readonly<Record<string, Word>> = KNOWN_STATES

/** A state's word; one that this page does not know stays as it is. */
export function sayState(state: string): string {
  const known = STATES[state]
  return known === undefined ? state : textOf(known)
}
export const meaningOf = (state: string): Meaning => STATES[state]?.meaning ?? 'information'

/** Outcomes of attempts: a word, and what it says about the message. */
const OUTCOMES: Readonly<Record<string, { word: Text; why: Text; meaning: Meaning }>> = {
  delivered: {
    word: { fa: 'تحویل شد', en: 'delivered' },
    why: { fa: 'دیوار پیام را پذیرفت و تحویل داد.', en: 'Divar took the message and delivered it.' },
    meaning: 'success',
  },
  token_refused: {
    word: { fa: 'token پذیرفته نشد', en: 'token refused' },
    why: {
      fa: 'دیوار token کاربر را نپذیرفت: نادرست است، منقضی شده، یا کاربر اجازه را پس گرفته است. از کاربر دوباره اجازه بگیرید.',
      en: "Divar refused the user's token: it is wrong, expired, or the user took the consent back. Ask for consent again.",
    },
    meaning: 'danger',
  },
  not_permitted: {
    word: { fa: 'مجاز نیست', en: 'not permitted' },
    why: {
      fa: 'دیوار این کار را از این اپ نمی‌پذیرد: دسترسی اپ در پنل دیوار و scope اجازه را بررسی کنید.',
      en: "Divar does not permit this to the app: check the app's permissions in Divar's panel and the scope of the consent.",
    },
    meaning: 'danger',
  },
  recipient_restricted: {
    word: { fa: 'گیرنده نمی‌پذیرد', en: 'recipient restricted' },
    why: {
      fa: 'گیرنده فرستنده را مسدود کرده است، یا یکی از آن دو محدود است. تلاش دوباره کمکی نمی‌کند.',
      en: 'The recipient has blocked the sender, or one of them is restricted. Another attempt does not help.',
    },
    meaning: 'danger',
  },
  rejected: {
    word: { fa: 'رد شد', en: 'rejected' },
    why: {
      fa: 'دیوار محتوای پیام را نپذیرفت؛ همین پیام باز هم رد می‌شود. سرویس شما باید پیام دیگری بسازد.',
      en: 'Divar rejected the content; the same message is rejected again. Your service has to send another one.',
    },
    meaning: 'danger',
  },
  rate_limited: {
    word: { fa: 'سقف ارسال', en: 'rate limited' },
    why: {
      fa: 'سقف ارسال اپ در دیوار پر شده بود؛ صف ارسال صبر می‌کند و ادامه می‌دهد.',
      en: "The app's limit at Divar was used up; the queue waits, and sends again without your help.",
    },
    meaning: 'attention',
  },
  platform_error: {
    word: { fa: 'خطای دیوار', en: 'Divar failed' },
    why: {
      fa: 'دیوار خطا داد و پیام تحویل نشد. تلاش دوباره وقتی کمک می‌کند که دیوار درست شده باشد.',
      en: 'Divar failed and the message was not delivered. A retry helps once Divar works.',
    },
    meaning: 'danger',
  },
  not_sent: {
    word: { fa: 'فرستاده نشد', en: 'not sent' },
    why: {
      fa: 'اتصال به مقصد برقرار نشد، پس چیزی فرستاده نشد. شبکه، DNS و TLS را بررسی کنید.',
      en: 'No connection could be made, so nothing was sent. Check the network, DNS and TLS.',
    },
    meaning: 'danger',
  },
  unknown: {
    word: { fa: 'نامشخص', en: 'unknown' },
    why: {
      fa: 'پاسخی نیامد که بگوید پیام تحویل شده است یا نه. تلاش دوباره ممکن است آن را دو بار تحویل دهد.',
      en: 'No answer tells whether the message was delivered. Another attempt may deliver it twice.',
    },
    meaning: 'attention',
  },
  consent_required: {
    word: { fa: 'اجازه نیست', en: 'no consent' },
    why: {
      fa: 'هیچ اجازه‌ای این پیام را در بر نمی‌گیرد: کاربر هنوز اجازه نداده، اجازه را پس گرفته، یا اجازه تمام شده است. از کاربر اجازه بگیرید، سپس دوباره بفرستید.',
      en: 'No grant covers this message: the user has not agreed yet, has revoked the access, or the grant has ended. Ask the user for consent, then send it again.',
    },
    meaning: 'danger',
  },
  sender_ambiguous: {
    word: { fa: 'فرستنده نامعلوم', en: 'sender ambiguous' },
    why: {
      fa: 'دو کاربر در این گفت‌وگو اجازه داده‌اند و پیام نمی‌گوید به نام کدام است؛ user_id را بفرستید.',
      en: 'Two users consented in this conversation and the message does not say in whose name it is; send user_id.',
    },
    meaning: 'danger',
  },
  grant_unreadable: {
    word: { fa: 'اجازه باز نمی‌شود', en: 'grant does not open' },
    why: {
      fa: 'اجازهٔ ثبت‌شده با کلیدهای TOKEN_ENCRYPTION_KEY باز نمی‌شود. کلید قبلی را برگردانید.',
      en: 'The grant does not open with the keys of TOKEN_ENCRYPTION_KEY. Put the earlier key back.',
    },
    meaning: 'danger',
  },
  store_unavailable: {
    word: { fa: 'پایگاه داده نبود', en: 'store away' },
    why: {
      fa: 'پایگاه داده پاسخ نداد، پس اجازه خوانده نشد و چیزی فرستاده نشد.',
      en: 'The store did not answer, so the grant could not be read and nothing was sent.',
    },
    meaning: 'attention',
  },
}

/** Those of events, which go to the app and not to Divar. Notices have the same words. */
const OF_EVENTS: Readonly<Record<string, { word: Text; why: Text }>> = {
  delivered: {
    word: { fa: 'پذیرفته شد', en: 'taken' },
    why: { fa: 'سرویس شما رویداد را پذیرفت.', en: 'Your service took the event.' },
  },
  rejected: {
    word: { fa: 'سرویس نپذیرفت', en: 'refused' },
    why: {
      fa: 'سرویس شما در EVENTS_URL این رویداد را نپذیرفت. پس از درست شدن سرویس دوباره بفرستید.',
      en: 'Your service at EVENTS_URL refused this event. Send it again once the service is mended.',
    },
  },
  platform_error: {
    word: { fa: 'خطای سرویس', en: 'service failed' },
    why: {
      fa: 'سرویس شما در EVENTS_URL خطا داد. پس از درست شدن سرویس دوباره بفرستید.',
      en: 'Your service at EVENTS_URL failed. Send it again once the service works.',
    },
  },
  rate_limited: {
    word: { fa: 'سرویس مهلت خواست', en: 'service asked to wait' },
    why: {
      fa: 'سرویس شما در EVENTS_URL خواست که دیرتر فرستاده شود.',
      en: 'Your service at EVENTS_URL asked for a later attempt.',
    },
  },
  unknown: {
    word: { fa: 'نامشخص', en: 'unknown' },
    why: {
      fa: 'پاسخی از EVENTS_URL نیامد. تلاش دوباره ممکن است رویداد را دو بار برساند؛ شناسهٔ آن همان است.',
      en: 'No answer came from EVENTS_URL. A retry may deliver the event twice, with the same id.',
    },
  },
}

const RUNNING: Text = { fa: 'در حال اجرا', en: 'running' }
const WAITS_FOR_TIME: Text = {
  fa: 'تا زمان not_before صبر می‌کند.',
  en: 'It waits for its time, not_before.',
}
const WAITS_IN_LINE: Text = {
  fa: 'منتظر پیام پیش از خود در همین گفت‌وگو است.',
  en: 'It waits for the one before it in its conversation.',
}
const EXPIRED: Text = {
  fa: 'زمان expires_at پیش از تحویل رسید، پس دیگر فرستاده نشد.',
  en: 'Its time expires_at came before it was delivered, so it is not sent any more.',
}
const LAST_ATTEMPT: Text = { fa: 'آخرین تلاش: {outcome}.', en: 'The last attempt: {outcome}.' }
const TRIES_AGAIN: Text = {
  fa: 'آخرین تلاش: {outcome}. صف ارسال خودش دوباره تلاش می‌کند.',
  en: 'The last attempt: {outcome}. The queue tries again by itself.',
}

/** An outcome's word; a name that this page does not know stays as it is. @param wire whose attempt it is */
export const sayOutcome = (outcome: string | null, wire: string | null = null): string => {
  if (outcome === null || outcome === 'running') return textOf(RUNNING)
  const known = (wire === 'event' || wire === 'webhook' ? OF_EVENTS[outcome] : undefined) ?? OUTCOMES[outcome]
  return known === undefined ? outcome : textOf(known.word)
}
export const outcomeMeaning = (outcome: string | null): Meaning =>
  OUTCOMES[outcome ?? '']?.meaning ?? (outcome === null || outcome === 'running' ? 'information' : 'danger')

/** Why a message has not arrived, in a sentence or two; nothing where it has, or where it is on its way. */
export function whyOf(message: Message): string | undefined {
  const { state, wire, last_error: error } = message
  if (state === 'delivered' || state === 'cancelled') return undefined
  const outcome = error?.outcome ?? null
  if (state === 'expired') {
    return outcome === null
      ? textOf(EXPIRED)
      : `${textOf(EXPIRED)} ${fill(textOf(LAST_ATTEMPT), { outcome: sayOutcome(outcome, wire) })}`
  }
  if (state === 'queued') return whyQueued(message, outcome)
  const known = (wire === 'event' ? OF_EVENTS[outcome ?? ''] : undefined) ?? OUTCOMES[outcome ?? '']
  return known && textOf(known.why)
}

function whyQueued({ wire, next_attempt_at: next, not_before: notBefore }: Message, outcome: string | null) {
  if (outcome !== null) return fill(textOf(TRIES_AGAIN), { outcome: sayOutcome(outcome, wire) })
  if (next === null) return textOf(WAITS_IN_LINE)
  return notBefore !== undefined && Date.parse(notBefore) > now() ? textOf(WAITS_FOR_TIME) : undefined
}
