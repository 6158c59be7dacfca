import { textOf, type Text } from '../../ui/language.ts'

/** The texts of the timeline. `{name}` and the like are filled in. */
const WORDS = {
  pressed: { fa: '{name} «{caption}» را زد', en: '{name} pressed «{caption}»' },
  opened: { fa: '{name} اپ را باز کرد', en: '{name} opened the app' },
  event: { fa: 'رویداد {caption} به اپ رفت', en: 'The event {caption} went to the app' },
  revoked: { fa: '{name} اجازه را پس گرفت', en: '{name} revoked access' },
  consent: { fa: 'اپ اجازه خواست', en: 'The app asked for consent' },
  message: { fa: 'پیام اپ به نام {name}', en: "A message of the app in {name}'s name" },
  messageOfNobody: { fa: 'پیام اپ', en: 'A message of the app' },
  bot: { fa: 'پیام ربات به {name}', en: 'A message of the bot to {name}' },
  botOfNobody: { fa: 'پیام ربات', en: 'A message of the bot' },
  resolver: { fa: 'کلیکی به resolver شما رسید', en: 'A click reached your resolver' },
  token: { fa: 'اپ token خواست', en: 'The app asked for a token' },
  call: { fa: 'اپ این را فراخواند: {caption}', en: 'The app called: {caption}' },
  repeat: { fa: 'ارسال دوباره:', en: 'Sent again:' },

  landed: { fa: 'به مقصد رسید', en: 'landed' },
  landedIn: { fa: 'در {ms} میلی‌ثانیه به مقصد رسید', en: 'landed in {ms} ms' },
  asked: { fa: 'از او اجازه خواسته شد', en: 'asked for consent' },
  askedIn: { fa: 'در {ms} میلی‌ثانیه از او اجازه خواسته شد', en: 'asked for consent in {ms} ms' },
  answered: { fa: 'پاسخ گرفت', en: 'answered' },
  answeredIn: { fa: 'در {ms} میلی‌ثانیه پاسخ گرفت', en: 'answered in {ms} ms' },
  accepted: { fa: 'پذیرفته شد', en: 'accepted' },
  acceptedIn: { fa: 'در {ms} میلی‌ثانیه پذیرفته شد', en: 'accepted in {ms} ms' },
  resolved: { fa: 'resolver پاسخ داد', en: 'the resolver answered' },
  resolvedIn: { fa: 'resolver در {ms} میلی‌ثانیه', en: 'the resolver took {ms} ms' },
  allowed: { fa: 'اجازه داد', en: 'allowed' },
  denied: { fa: 'اجازه نداد', en: 'denied' },
  silent: { fa: 'پاسخی نیامد', en: 'no answer' },
  threw: { fa: 'resolver خطا داد', en: 'the resolver failed' },
  faulted: { fa: 'خطای ساختگی', en: 'simulated fault' },
  refused: { fa: 'رد شد', en: 'refused' },
  refusedWith: { fa: 'با {status} رد شد', en: 'refused with {status}' },
  delivered: { fa: '{count} پیام تحویل شد', en: '{count} delivered' },
  undelivered: { fa: 'آخرین پیام تحویل نشد', en: 'the last message was not delivered' },
  undeliveredWith: { fa: 'آخرین پیام تحویل نشد ({status})', en: 'the last message was not delivered ({status})' },
  slow: { fa: 'بیش از نیمی از مهلت', en: 'more than half of the budget' },
  late: { fa: 'دیرتر از مهلت', en: 'past the budget' },

  ms: { fa: '{ms} میلی‌ثانیه', en: '{ms} ms' },
  budget: { fa: '{ms} از {budget} میلی‌ثانیه', en: '{ms} of {budget} ms' },
  attempt: { fa: 'تلاش {count}', en: 'attempt {count}' },
  headers: { fa: 'هدرها ({count})', en: 'Headers ({count})' },
  body: { fa: 'بدنه', en: 'Body' },
  noBody: { fa: 'بدنه ندارد.', en: 'No body.' },
  notes: { fa: 'نتیجه', en: 'What came of it' },
  link: { fa: 'لینک این مورد', en: 'Link to this entry' },
  pickEntry: {
    fa: 'یکی از موردها را باز کنید تا جزئیاتش اینجا بیاید.',
    en: 'Open an entry to see it here.',
  },
  allKinds: { fa: 'همهٔ نوع‌ها', en: 'All kinds' },
  allOutcomes: { fa: 'همهٔ نتیجه‌ها', en: 'All outcomes' },
  kind: { fa: 'نوع', en: 'Kind' },
  outcome: { fa: 'نتیجه', en: 'Outcome' },
  nothingMatches: { fa: 'چیزی با این فیلتر نیست.', en: 'Nothing matches this filter.' },
  clearFilter: { fa: 'برداشتن فیلتر', en: 'Clear the filter' },
  edit: { fa: 'ویرایش و فرستادن دوباره', en: 'Edit and send again' },
  editedBody: { fa: 'بدنهٔ درخواست (JSON)', en: 'Body of the request (JSON)' },
  sendAgain: { fa: 'فرستادن دوباره', en: 'Send again' },
  sentAgain: { fa: 'فرستاده شد: HTTP {status}', en: 'Sent: HTTP {status}' },
  sentSilent: { fa: 'فرستاده شد، ولی پاسخی نیامد.', en: 'Sent, but there was no answer.' },
  noPlatform: { fa: 'این آدرس مسیری از دیوار نیست.', en: 'This address is not a route of Divar.' },
  notJson: { fa: 'این JSON نیست: ', en: 'This is not JSON: ' },
  clearList: { fa: 'پاک کردن فهرست', en: 'Clear the list' },
  cleared: { fa: 'فهرست پاک شد.', en: 'The list is cleared.' },
  resetChat: { fa: 'شروع دوبارهٔ گفت‌وگو…', en: 'Reset the chat…' },
  resetQuestion: {
    fa: 'هر دو گوشی و خط زمان خالی می‌شوند، مسدودی برداشته و خطاهای آماده پاک می‌شوند. این کار برگشت ندارد.',
    en: 'Both phones and the timeline become empty, a block is lifted, armed faults are cleared. This cannot be undone.',
  },
  resetAct: { fa: 'شروع دوباره', en: 'Reset' },
  cancel: { fa: 'انصراف', en: 'Cancel' },
  resetDone: { fa: 'گفت‌وگو از نو شروع شد.', en: 'The chat is reset.' },
  save: { fa: 'ذخیرهٔ نشست', en: 'Save session' },
  load: { fa: 'باز کردن نشست…', en: 'Load session…' },
  loadQuestion: {
    fa: 'گفت‌وگو و خط زمان جای خود را به آنچه در فایل است می‌دهند. این کار برگشت ندارد.',
    en: 'The chat and the timeline are replaced by those of the file. This cannot be undone.',
  },
  loadAct: { fa: 'باز کردن', en: 'Load' },
  saved: { fa: 'نشست ذخیره شد، بدون token و کلید.', en: 'The session is saved, without tokens and keys.' },
  notLoaded: { fa: 'نشست باز نشد:', en: 'The session was not loaded:' },
  loaded: { fa: 'نشست باز شد.', en: 'The session is loaded.' },
} satisfies Record<string, Text>

export type TimelineWord = keyof typeof WORDS

export const timelineText = (word: TimelineWord): Text => WORDS[word]

/** Splits a text with placeholders, such as `{who} opened the app`, into its plain texts and the names of its placeholders. */
export function pieces(word: TimelineWord): { text?: string; name?: string }[] {
  return textOf(WORDS[word])
    .split(/\{(\w+)\}/)
    .map((piece, index) => (index % 2 === 0 ? { text: piece } : { name: piece }))
}

/** The text with everything filled in. */
export function sayTimeline(word: TimelineWord, values: Readonly<Record<string, string>> = {}): string {
  return pieces(word)
    .map(({ text, name = '' }) => text ?? values[name] ?? '')
    .join('')
}
