import { textOf, type Text } from '../../ui/language.ts'

/** The texts of the console's page. `{name}` and the like are filled in. */
export const WORDS = {
  title: { fa: 'کنسول کنار', en: 'Kenar console' },
  skip: { fa: 'رفتن به فهرست', en: 'Skip to the list' },
  language: { fa: 'زبان', en: 'Language' },
  docs: { fa: 'مستندات', en: 'Docs' },
  logOut: { fa: 'خروج', en: 'Log out' },
  search: { fa: 'جست‌وجوی گفت‌وگو با شناسه', en: 'Find a conversation by its id' },
  searchShort: { fa: 'شناسهٔ گفت‌وگو  /', en: 'conversation id  /' },
  unreachable: {
    fa: 'پاسخی از دروازه نمی‌آید؛ دوباره تلاش می‌شود…',
    en: 'The gateway cannot be reached; trying again…',
  },
  views: { fa: 'فهرست‌ها', en: 'Lists' },
  messages: { fa: 'پیام‌ها', en: 'Messages' },
  events: { fa: 'رویدادها', en: 'Events' },
  subscriptions: { fa: 'اشتراک‌ها', en: 'Subscriptions' },
  conversations: { fa: 'گفت‌وگوها', en: 'Conversations' },
  attention: { fa: 'نیازمند رسیدگی', en: 'Needs attention' },
  detail: { fa: 'جزئیات', en: 'Details' },

  caller: { fa: 'سرویس', en: 'Caller' },
  allCallers: { fa: 'همهٔ سرویس‌ها', en: 'All callers' },
  age: { fa: 'از', en: 'Age' },
  anyAge: { fa: 'همهٔ زمان‌ها', en: 'Any age' },
  hour: { fa: 'یک ساعت گذشته', en: 'Last hour' },
  day: { fa: '۲۴ ساعت گذشته', en: 'Last 24 h' },
  week: { fa: '۷ روز گذشته', en: 'Last 7 days' },
  state: { fa: 'وضعیت', en: 'State' },
  allStates: { fa: 'همهٔ وضعیت‌ها', en: 'All states' },
  wire: { fa: 'نسخهٔ API', en: 'API version' },
  allWires: { fa: 'v1، v2 و ربات', en: 'v1, v2 and bot' },
  bot: { fa: 'ربات', en: 'bot' },
  ofConversation: { fa: 'گفت‌وگو', en: 'Conversation' },

  id: { fa: 'شناسه', en: 'Id' },
  tries: { fa: 'تلاش', en: 'Attempts' },
  when: { fa: 'زمان', en: 'When' },
  lastError: { fa: 'آخرین خطا', en: 'Last error' },
  eventType: { fa: 'رویداد', en: 'Event' },
  shown: { fa: '{count} مورد', en: '{count} shown' },
  shownMore: { fa: '{count} مورد نخست', en: 'first {count} shown' },
  more: { fa: 'نمایش بیشتر', en: 'Show more' },

  loading: { fa: 'در حال خواندن…', en: 'Loading…' },
  noMessages: { fa: 'هنوز پیامی نیست', en: 'No messages yet' },
  noMessagesHow: {
    fa: 'پیامی که با Prefer: respond-async یا Idempotency-Key فرستاده شود در پایگاه داده می‌ماند و اینجا دیده می‌شود.',
    en: 'A message that is sent with Prefer: respond-async or an Idempotency-Key is stored, and appears here.',
  },
  noEvents: { fa: 'هنوز رویدادی نیست', en: 'No events yet' },
  noEventsHow: {
    fa: 'رویدادهای دیوار که به EVENTS_URL فرستاده می‌شوند اینجا دیده می‌شوند، تا هنگامی که سرویس شما آن‌ها را بپذیرد و پس از آن.',
    en: 'Events of Divar that are passed on to EVENTS_URL appear here, before and after your service takes them.',
  },
  noSubscriptions: { fa: 'هنوز اشتراکی نیست', en: 'No subscriptions yet' },
  noSubscriptionsHow: {
    fa: 'اشتراکی که با PUT /subscriptions خواسته شود اینجا دیده می‌شود.',
    en: 'A subscription that is asked for with PUT /subscriptions appears here.',
  },
  nothingMatches: { fa: 'چیزی با این فیلتر نیست', en: 'Nothing matches this filter' },
  clearFilter: { fa: 'برداشتن فیلتر', en: 'Clear the filter' },
  noConversation: { fa: 'کدام گفت‌وگو؟', en: 'Which conversation?' },
  noConversationHow: {
    fa: 'شناسهٔ گفت‌وگو را بالا بنویسید (کلید /) تا کلیک‌ها، اجازه‌ها، پیام‌ها، تلاش‌ها و رویدادهای آن به ترتیب بیاید. شناسه در آدرس گفت‌وگو و در کلیک است.',
    en: 'Type the id of a conversation above (press /) to see its clicks, consents, messages, attempts and events in order. A click and the address of the chat have the id.',
  },
  noEntries: { fa: 'چیزی از این گفت‌وگو ثبت نشده است', en: 'Nothing is noted of this conversation' },
  noEntriesHow: {
    fa: 'شناسه را بررسی کنید. خط زمان به اندازهٔ TIMELINE_DAYS به عقب می‌رود.',
    en: 'Check the id. The timeline goes back as far as TIMELINE_DAYS.',
  },
  noStore: { fa: 'این دروازه پایگاه داده ندارد', en: 'This gateway has no store' },
  noStoreHow: {
    fa: 'با DATABASE_URL پیام‌ها، رویدادها و گفت‌وگوها اینجا دیده می‌شوند.',
    en: 'With DATABASE_URL its messages, events and conversations appear here.',
  },
  storeAway: { fa: 'پایگاه داده پاسخ نمی‌دهد', en: 'The store does not answer' },
  storeAwayHow: {
    fa: 'کلیک‌ها و پیام‌های هم‌زمان کار می‌کنند. فهرست‌ها با برگشتن پایگاه داده می‌آیند.',
    en: 'Clicks and synchronous sends go on. The lists come back with the store.',
  },
  dismiss: { fa: 'بستن', en: 'Dismiss' },
  notRead: { fa: 'این فهرست خوانده نشد', en: 'The list could not be read' },
} as const satisfies Record<string, Text>

export type Word = keyof typeof WORDS

export const say = (word: Word): string => textOf(WORDS[word])

/** A text with its `{name}` places filled in. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place)
}
