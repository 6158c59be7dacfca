import { agoText, numberText, spanText, textOf, type Text } from '../../ui/language.ts'
import { now } from '../../ui/now.ts'
import type { AttentionItem } from './shapes.ts'
import { fill } from './words.ts'

/** `fine`: said when there is nothing to do; `now`: said otherwise. */
type Said = { fine: Text; now: Text }

const SAID: Readonly<Record<string, Said>> = {
  store: {
    fine: { fa: 'پایگاه داده: درست', en: 'store ok' },
    now: { fa: 'پایگاه داده پاسخ نمی‌دهد', en: 'store away' },
  },
  clock: {
    fine: { fa: 'ساعت پایگاه داده: درست', en: 'clock ok' },
    now: { fa: 'ساعت پایگاه داده مشکوک است', en: 'clock of the database doubted' },
  },
  messages_failed: {
    fine: { fa: 'پیام ناموفق: هیچ', en: 'none failed' },
    now: { fa: '{count} ناموفق', en: '{count} failed' },
  },
  messages_unknown: {
    fine: { fa: 'پیام نامشخص: هیچ', en: 'none unknown' },
    now: { fa: '{count} نامشخص', en: '{count} unknown' },
  },
  messages_expired: {
    fine: { fa: 'پیام منقضی: هیچ', en: 'none expired' },
    now: { fa: '{count} منقضی', en: '{count} expired' },
  },
  messages_waiting: {
    fine: { fa: 'در صف: {count}', en: '{count} queued' },
    now: { fa: '{count} در صف، قدیمی‌ترین {value}', en: '{count} queued, the oldest {value}' },
  },
  breakers: {
    fine: { fa: 'breaker: بسته', en: 'breaker closed' },
    now: { fa: 'breaker باز: {value}', en: 'breaker open: {value}' },
  },
  rate_limit_pause: {
    fine: { fa: 'سقف دیوار: آزاد', en: 'no rate limit' },
    now: { fa: 'سقف دیوار: صف {value} صبر می‌کند', en: "Divar's limit: the queue waits {value}" },
  },
  pacing: {
    fine: { fa: 'آهنگ ارسال: آزاد', en: 'no wait for pacing' },
    now: { fa: 'آهنگ ارسال: نوبت بعدی {value} دیگر', en: 'paced: next send in {value}' },
  },
  grants_unreadable: {
    fine: { fa: 'اجازه‌ها: همه باز می‌شوند', en: 'grants readable' },
    now: { fa: '{count} اجازه باز نمی‌شود', en: 'grants that cannot be read: {count}' },
  },
  rows_set_aside: {
    fine: { fa: 'ردیف‌ها: همه باز می‌شوند', en: 'stored rows readable' },
    now: { fa: '{count} ردیف باز نمی‌شود', en: 'stored rows that cannot be read: {count}' },
  },
  notices_failing: {
    fine: { fa: 'خبرها: پذیرفته می‌شوند', en: 'notices taken' },
    now: { fa: '{count} خبر پذیرفته نمی‌شود', en: 'notices not taken: {count}' },
  },
  events_failing: {
    fine: { fa: 'رویدادها: پذیرفته می‌شوند', en: 'events taken' },
    now: { fa: '{count} رویداد پذیرفته نمی‌شود', en: 'events not taken: {count}' },
  },
  subscriptions_failed: {
    fine: { fa: 'اشتراک ناموفق: هیچ', en: 'no subscription failed' },
    now: { fa: '{count} اشتراک ناموفق', en: 'subscriptions failed: {count}' },
  },
  subscriptions_waiting: {
    fine: { fa: '{count} اشتراک در انتظار اجازه', en: 'subscriptions that wait for consent: {count}' },
    now: { fa: '{count} اشتراک در انتظار اجازه', en: 'subscriptions that wait for consent: {count}' },
  },
  log_lines_lost: {
    fine: { fa: 'لاگ: کامل', en: 'log complete' },
    now: { fa: '{count} خط لاگ از دست رفت', en: 'log lines lost: {count}' },
  },
  timeline_notes_dropped: {
    fine: { fa: 'خط زمان: {count} مورد ثبت نشد', en: 'timeline notes dropped: {count}' },
    now: { fa: 'خط زمان: {count} مورد ثبت نشد', en: 'timeline notes dropped: {count}' },
  },
  backup: {
    fine: { fa: 'پشتیبان: {since}', en: 'backup {since}' },
    now: { fa: 'پشتیبان: {since}', en: 'backup {since}' },
  },
}

const NO_BACKUP: Text = { fa: 'پشتیبان: پیکربندی نشده', en: 'no backup is set up' }
const UNREAD: Text = { fa: '{code}: خوانده نشد', en: '{code}: not read' }
/** Codes whose value is a number of seconds. */
const IN_SECONDS = new Set(['messages_waiting', 'rate_limit_pause', 'pacing', 'backup'])

/** An item in a few words; a code that this page does not know is shown as it is. */
export function sayItem(item: AttentionItem): string {
  const { code, level, count, since, value } = item
  if (isUnread(item)) return fill(textOf(UNREAD), { code })
  const said = SAID[code]
  if (said === undefined) return [code, count, value].filter((one) => one !== undefined && one !== null).join(' ')
  if (isNothing(item)) return textOf(NO_BACKUP)
  return fill(textOf(level === 'ok' ? said.fine : said.now), {
    count: numberText(count ?? 0),
    value:
      typeof value === 'number' && IN_SECONDS.has(code) ? spanText(Math.max(1, value) * 1000) : String(value ?? ''),
    since: typeof since === 'string' ? agoText(since, now()) : '',
  })
}

/** What is not set up is neither fine nor wrong. */
export function isNothing({ code, level, since }: AttentionItem): boolean {
  return code === 'backup' && level === 'ok' && since === null
}

/** Nothing is said of these: no backup is set up, or nothing could be read that is usually there. */
export function isUnread({ code, count, value }: AttentionItem): boolean {
  return count === null || (value === null && code !== 'backup')
}

export const ATTENTION_WORDS = {
  allFine: { fa: 'چیزی نیازمند رسیدگی نیست', en: 'Nothing needs attention' },
  others: { fa: '{count} مورد دیگر درست است', en: '{count} others are fine' },
  lastDay: { fa: '۲۴ ساعت گذشتهٔ همین process', en: 'Last 24 h of this process' },
  sessions: { fa: 'کلیک‌ها', en: 'Clicks' },
  events: { fa: 'رویدادها', en: 'Events' },
  actions: { fa: 'اکشن‌ها', en: 'Actions' },
  rate: { fa: '{count} بار · p99 {p99} · خطا {share}', en: '{count} · p99 {p99} · errors {share}' },
  rule: {
    fa: 'قاعدهٔ ۷روزهٔ دیوار: هشدار KenarRuleAtRisk در Prometheus',
    en: "Divar's rule over 7 days: the alert KenarRuleAtRisk in Prometheus",
  },
  noRate: { fa: 'هیچ', en: 'none' },
  ok: { fa: 'درست', en: 'Fine' },
  danger: { fa: 'خطر', en: 'Danger' },
} as const satisfies Record<string, Text>
