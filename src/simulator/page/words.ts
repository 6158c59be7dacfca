import { textOf, type Text } from '../../ui/language.ts'
import type { FaultName, EventType, OddForm, Side, TimelineEntry, EntryKind } from '../shown.ts'

/** Every text of the page, in both languages; one that lacks a translation does not compile. */
export const WORDS = {
  title: { fa: 'شبیه‌ساز گفت‌وگوی دیوار', en: "Divar's chat, simulated" },
  subtitle: {
    fa: 'دو گوشی، یک گفت‌وگو، و همهٔ درخواست‌ها و پاسخ‌ها',
    en: 'Two phones, one chat, all requests and responses',
  },
  skip: { fa: 'رفتن به محتوا', en: 'Skip to content' },
  sections: { fa: 'بخش‌ها', en: 'Sections' },
  views: { fa: 'بخش‌های صفحه', en: 'Views' },
  compose: { fa: 'نوشتن پیام', en: 'Compose' },
  timeline: { fa: 'خط زمان', en: 'Timeline' },
  faultsTab: { fa: 'خطاها', en: 'Faults' },
  language: { fa: 'زبان', en: 'Language' },
  docs: { fa: 'مستندات', en: 'Docs' },
  wireSwitch: { fa: 'نسخهٔ API برای کلیک‌ها', en: 'API version of clicks' },
  full: {
    fa: 'صفحه‌های باز این شبیه‌ساز زیادند؛ یکی را ببندید. دوباره تلاش می‌شود…',
    en: 'Too many pages of this simulator are open; close one. Trying again…',
  },
  lost: { fa: 'ارتباط قطع شد؛ دوباره تلاش می‌شود…', en: 'Connection lost; trying again…' },
  seller: { fa: 'فروشنده', en: 'Seller' },
  buyer: { fa: 'خریدار', en: 'Buyer' },
  phoneOf: { fa: 'گوشی {name}', en: "{name}'s phone" },
  chatWith: { fa: 'گفت‌وگو با', en: 'Chat with' },
  write: { fa: 'پیام بنویسید', en: 'Write a message' },
  send: { fa: 'فرستادن', en: 'Send' },
  location: { fa: 'فرستادن موقعیت', en: 'Send a location' },
  menu: { fa: 'باز کردن اپ', en: 'Open the app' },
  chats: { fa: 'گفت‌وگوهای این گوشی', en: 'Chats on this phone' },
  chatTab: { fa: 'گفت‌وگو', en: 'Chat' },
  botTab: { fa: 'ربات', en: 'Bot' },
  unread: { fa: 'پیام خوانده‌نشده', en: 'unread messages' },
  revoke: { fa: 'پس گرفتن اجازه', en: 'Revoke access' },
  revoked: {
    fa: 'اجازه پس گرفته شد. رویدادی به اپ فرستاده می‌شود.',
    en: 'Access revoked. The app gets an event.',
  },
  revokedQuietly: {
    fa: 'اجازه پس گرفته شد. رویدادی فرستاده نمی‌شود، چون اپ scope آن را نداشت.',
    en: 'Access revoked. No event is sent, because the app did not have the scope for it.',
  },
  nothingRevoked: { fa: 'این اپ اجازه‌ای ندارد.', en: 'The app has no access to revoke.' },
  botOf: { fa: 'ربات اپ', en: "The app's bot" },
  startBot: { fa: 'شروع ربات', en: 'Start the bot' },
  emptyBot: {
    fa: 'ربات را شروع کنید، یا برایش پیام بنویسید.',
    en: 'Start the bot, or write to it.',
  },
  shownLocation: { fa: 'موقعیت', en: 'Location' },
  media: { fa: 'پیام چندرسانه‌ای', en: 'Media message' },
  emptyChat: {
    fa: 'هنوز پیامی نیست. از پایین پیامی بنویسید یا اپ را باز کنید.',
    en: 'No messages yet. Write one below, or open the app.',
  },
  calling: { fa: 'در حال تماس با اپ…', en: 'Calling the app…' },
  webView: { fa: 'صفحهٔ اپ', en: "The app's page" },
  close: { fa: 'بستن', en: 'Close' },
  openWindow: { fa: 'باز کردن در پنجرهٔ تازه', en: 'Open in a new window' },
  openAgain: { fa: 'باز کردن دوباره', en: 'Open again' },
  notFramable: {
    fa: 'اینجا فقط صفحه‌هایی باز می‌شوند که روی همین ماشین‌اند و نمایش در قاب را مجاز می‌دانند.',
    en: 'Only pages of this machine that allow frames are shown here.',
  },
  refusesFrames: {
    fa: 'این صفحه اجازه نمی‌دهد در قاب نمایش داده شود (X‑Frame‑Options یا frame‑ancestors).',
    en: 'This page refuses to be shown in a frame (X-Frame-Options or frame-ancestors).',
  },
  isDownload: {
    fa: 'این آدرس فایلی برای دانلود است، نه صفحه.',
    en: 'This address is a file to download, not a page.',
  },
  landedHere: { fa: 'کلیک به مقصد رسید', en: 'The click landed' },
  placeholder: {
    fa: 'این آدرس نمونه است و اپی آنجا نیست. آدرس اپ خودتان را در resolver بگذارید، ذخیره کنید و دوباره کلیک کنید: اپ شما همین‌جا باز می‌شود.',
    en: 'This is a sample address; there is no app at it. Put the address of your app into the resolver, save it, and click again: your app opens here.',
  },
  isEmpty: {
    fa: 'این آدرس پاسخی بی‌محتوا (204) می‌دهد؛ چیزی برای نمایش نیست.',
    en: 'This address answers without content (204), so there is nothing to show.',
  },
  afterConsent: { fa: 'صفحهٔ اپ، پس از اجازه', en: "The app's page, after consent" },
  mayBeBlank: {
    fa: 'اگر چیزی نمی‌بینید، این صفحه اجازه نمی‌دهد در قاب نمایش داده شود.',
    en: 'If you see nothing here, this page refuses to be shown in a frame.',
  },
  noPage: {
    fa: 'هنوز صفحه‌ای نیامده است: پاسخ شاید دانلود، بی‌محتوا (204) یا کند باشد.',
    en: 'No page has come yet: the answer may be a download, without content (204), or slow.',
  },
  refusal: { fa: 'اپ باز نشد', en: 'The app did not open' },
  noAnswer: { fa: 'اپ پاسخ درستی نداد', en: 'The app did not answer as it should' },
  dismiss: { fa: 'متوجه شدم', en: 'Dismiss' },
  opensPost: { fa: 'دیوار این‌جا آگهی را باز می‌کند:', en: 'Divar would open the post here:' },
  opensManage: { fa: 'دیوار این‌جا مدیریت آگهی را باز می‌کند:', en: "Divar would open the post's management here:" },
  actionAnswer: { fa: 'پاسخ اپ', en: 'The app answers' },
  timelineTitle: { fa: 'درخواست‌ها و پاسخ‌ها', en: 'Requests and responses' },
  timelineEmpty: {
    fa: 'در یکی از گوشی‌ها دکمه‌ای بزنید یا اپ را باز کنید؛ درخواست‌ها اینجا می‌آیند.',
    en: 'Press a button or open the app on a phone; the requests appear here.',
  },
  faults: { fa: 'خطاهای ساختگی', en: 'Simulated faults' },
  faultsHelp: {
    fa: 'هر خطا با درخواست بعدی از همان نوع مصرف می‌شود.',
    en: 'Each fault is used up by the next request of its kind.',
  },
  times: { fa: 'چند بار', en: 'How many times' },
  armed: { fa: 'آماده', en: 'Armed' },
  none: { fa: 'هیچ', en: 'none' },
  clear: { fa: 'پاک کردن خطاها', en: 'Clear the faults' },
  groupSend: { fa: 'برای پیام یا فراخوانی بعدی', en: 'For the next send or platform call' },
  groupConsent: { fa: 'برای اجازهٔ بعدی', en: 'For the next consent' },
  groupToken: { fa: 'برای درخواست token بعدی', en: 'For the next token request' },
  groupClick: { fa: 'برای کلیک یا اکشن پویای بعدی', en: 'For the next click or dynamic action' },
  groupEvent: { fa: 'برای رویداد بعدی', en: 'For the next event' },
  blocked: { fa: 'طرف دیگر را مسدود کرده است', en: 'has blocked the other side' },
  sessionUrl: { fa: 'آدرس شروع نشست (session-init)', en: 'Session-initialization URL' },
  actionUrl: { fa: 'آدرس اکشن پویا', en: 'Dynamic-action URL' },
  eventsUrl: { fa: 'آدرس رویدادها', en: 'Events URL' },
  addresses: { fa: 'آدرس‌های اپ', en: "The app's addresses" },
  events: { fa: 'رویدادها', en: 'Events' },
  eventsHelp: {
    fa: 'رویداد به آدرس رویدادهای اپ فرستاده می‌شود. نتیجه زیر «درخواست‌ها و پاسخ‌ها» است.',
    en: "The event is sent to the app's events URL. The result is under Requests and responses.",
  },
  eventType: { fa: 'نوع رویداد', en: 'Event type' },
  eventSide: { fa: 'کاربر', en: 'User' },
  messageType: { fa: 'نوع پیام', en: 'Message type' },
  postUpdate: { fa: 'تغییر آگهی', en: 'Change of the post' },
  oddForms: { fa: 'شکل‌های دیگری که در عمل دیده شده‌اند', en: 'Other forms seen in practice' },
  sendEvent: { fa: 'فرستادن رویداد', en: 'Send the event' },
  eventDone: { fa: 'رویداد فرستاده شد', en: 'The event was sent' },
  supplierKey: {
    fa: 'نوشتن Supplier با S بزرگ در v1، مانند سند نخست',
    en: 'Write Supplier with a capital S on v1, as in the first documents',
  },
  save: { fa: 'ذخیره', en: 'Save' },
  addressSaved: { fa: 'ذخیره شد', en: 'Saved' },
  request: { fa: 'درخواست', en: 'Request' },
  response: { fa: 'پاسخ', en: 'Response' },
  asked: { fa: 'پرسش', en: 'Asked' },
  answered: { fa: 'جواب', en: 'Answered' },
  failure: { fa: 'خطا', en: 'Error' },
  entryDetail: { fa: 'جزئیات یک مورد', en: 'One entry' },
  noResponse: { fa: 'پاسخی نیامد.', en: 'There was no response.' },
  curl: { fa: 'کپی به‌صورت curl', en: 'Copy as curl' },
  fixture: { fa: 'ذخیره به‌صورت نمونهٔ تست', en: 'Save as fixture' },
  inTime: { fa: 'زمان پاسخ', en: 'Time to answer' },
  newMessage: { fa: 'پیام تازه', en: 'New message' },
} satisfies Record<string, Text>

export type Word = keyof typeof WORDS

const KINDS: Record<EntryKind, Text> = {
  click: { fa: 'کلیک', en: 'Click' },
  resolver: { fa: 'resolver شما', en: 'Your resolver' },
  action: { fa: 'اکشن پویا', en: 'Dynamic action' },
  landing: { fa: 'مقصد', en: 'Landing' },
  event: { fa: 'رویداد', en: 'Event' },
  bot: { fa: 'پیام ربات', en: 'Bot message' },
  subscription: { fa: 'اشتراک', en: 'Subscription' },
  platform: { fa: 'فراخوانی پلتفرم', en: 'Platform call' },
  consent: { fa: 'اجازه', en: 'Consent' },
  token: { fa: 'token', en: 'Token' },
  users: { fa: 'کاربر', en: 'User' },
  delivery: { fa: 'تحویل پیام', en: 'Delivery' },
  other: { fa: 'درخواست دیگر', en: 'Other call' },
}

const OUTCOMES: Record<TimelineEntry['outcome'], Text> = {
  ok: { fa: 'انجام شد', en: 'ok' },
  refused: { fa: 'رد شد', en: 'refused' },
  failed: { fa: 'بی‌پاسخ', en: 'failed' },
  faulted: { fa: 'خطای ساختگی', en: 'fault' },
}

const FAULTS: Record<FaultName, Text> = {
  401: { fa: '401 token نامعتبر', en: '401 bad token' },
  403: { fa: '403 بی‌اجازه', en: '403 not permitted' },
  412: { fa: '412 محدودیت گیرنده', en: '412 recipient restricted' },
  429: { fa: '429 بیش از سهمیه', en: '429 rate limited' },
  500: { fa: '500 خطای دیوار', en: '500 platform error' },
  slow: { fa: 'کند', en: 'slow' },
  silence: { fa: 'بی‌پاسخ', en: 'never answers' },
  reset: { fa: 'قطع پیش از ثبت', en: 'reset before commit' },
  reset_after: { fa: 'قطع پس از ثبت', en: 'reset after commit' },
  stolen_state: { fa: 'state دزدیده‌شده', en: 'stolen state' },
  token_500: { fa: '500 خطا', en: '500 error' },
  token_reset: { fa: 'قطع پیش از ثبت', en: 'reset before commit' },
  token_reset_after: { fa: 'قطع پس از ثبت', en: 'reset after commit' },
  '103_reset': { fa: '103 و سپس قطع', en: '103, then reset' },
  partial_scopes: { fa: 'scope کمتر', en: 'fewer scopes' },
  foreign_scopes: { fa: 'scope گفت‌وگوی دیگر', en: "another chat's scopes" },
  no_refresh_token: { fa: 'بدون refresh token', en: 'no refresh token' },
  new_token_refused: { fa: 'token تازه رد می‌شود', en: 'new token refused' },
  code_expired: { fa: 'کد منقضی', en: 'code expired' },
  duplicate_click: { fa: 'کلیک تکراری', en: 'duplicate click' },
  wrong_key: { fa: 'کلید نادرست', en: 'wrong key' },
  event_twice: { fa: 'رویداد تکراری', en: 'event twice' },
  event_late: { fa: 'رویداد با تأخیر', en: 'late event' },
  event_wrong_key: { fa: 'رویداد با کلید نادرست', en: 'event with a wrong key' },
}

const EVENTS: Record<EventType, Text> = {
  NEW_MESSAGE: { fa: 'پیام تازه در گفت‌وگو', en: 'New message in the chat' },
  NEW_CHATBOT_MESSAGE: { fa: 'پیام تازه به ربات', en: 'New message to the bot' },
  USER_ACCESS_REVOCATION: { fa: 'پس گرفتن اجازه', en: 'Access revoked' },
  POST_UPDATE: { fa: 'تغییر آگهی', en: 'Change of the post' },
  PAYMENT_TRANSACTION: { fa: 'تراکنش پرداخت', en: 'Payment transaction' },
}

const ODD: Record<OddForm, Text> = {
  sent_at_number: { fa: 'زمان به‌صورت عدد', en: 'time as a number' },
  sent_at_string: { fa: 'زمان به‌صورت رشتهٔ رقم‌ها', en: 'time as a string of digits' },
  sender_user: { fa: 'فرستنده از نوع USER', en: 'sender of type USER' },
  size_string: { fa: 'size_bytes به‌صورت رشته', en: 'size_bytes as a string' },
  // Isolated: next to Persian the sign would move behind the word.
  at_type: { fa: 'با \u2066@type\u2069', en: 'with @type' },
  meta_data: { fa: 'meta_data به‌جای metadata', en: 'meta_data for metadata' },
  payment_transaction: { fa: 'payment_transaction به‌جای transaction', en: 'payment_transaction for transaction' },
}

export const say = (word: Word): string => textOf(WORDS[word])
export const wordOf = (word: Word): Text => WORDS[word]
export const sayKind = (kind: EntryKind): string => textOf(KINDS[kind])
export const sayOutcome = (outcome: TimelineEntry['outcome']): string => textOf(OUTCOMES[outcome])
export const sayFault = (fault: FaultName): string => textOf(FAULTS[fault])
export const sayEvent = (type: EventType): string => textOf(EVENTS[type])
export const sayOdd = (form: OddForm): string => textOf(ODD[form])
export const saySide = (side: Side): string => say(side)
