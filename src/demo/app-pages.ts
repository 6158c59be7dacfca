import type { AppClick, Problem } from './app-gateway.ts'

type Language = 'fa' | 'en'

export const TIMES = [
  { id: 'today-18', words: { fa: 'امروز ساعت ۱۸', en: 'Today at 18:00' } },
  { id: 'tomorrow-10', words: { fa: 'فردا ساعت ۱۰', en: 'Tomorrow at 10:00' } },
  { id: 'tomorrow-16', words: { fa: 'فردا ساعت ۱۶', en: 'Tomorrow at 16:00' } },
] as const

const WORDS = {
  app: { fa: 'کارشناسی دوچرخه', en: 'Bike inspection' },
  other: { fa: 'English', en: 'فارسی' },
  hello: { fa: 'رزرو کارشناسی', en: 'Book an inspection' },
  youAre: { fa: 'شما', en: 'You are' },
  seller: { fa: 'فروشنده هستید', en: 'the seller' },
  buyer: { fa: 'خریدار هستید', en: 'the buyer' },
  post: { fa: 'آگهی', en: 'Post' },
  order: { fa: 'سفارش', en: 'Order' },
  place: { fa: 'محل قرار', en: 'Meeting place' },
  time: { fa: 'کی بیاییم؟', en: 'When should we come?' },
  book: { fa: 'رزرو کن', en: 'Book' },
  confirmTitle: { fa: 'زمان بازدید مناسب است؟', en: 'Does the time suit you?' },
  confirm: { fa: 'تأیید می‌کنم', en: 'I confirm' },
  booked: { fa: 'رزرو شد', en: 'Booked' },
  confirmed: { fa: 'تأیید شد', en: 'Confirmed' },
  sent: {
    fa: 'همین حالا در گفت‌وگو به هر دو طرف پیام دادیم.',
    en: 'We have sent a message to both of you in the chat.',
  },
  back: { fa: 'بازگشت به گفت‌وگو', en: 'Back to the chat' },
  lost: { fa: 'این صفحه دیگر باز نمی‌شود', en: 'This page has expired' },
  again: { fa: 'به گفت‌وگو برگردید و اپ را دوباره باز کنید.', en: 'Go back to the chat and open the app again.' },
  problem: { fa: 'پیام فرستاده نشد', en: 'The message was not sent' },
  report: { fa: 'گزارش کارشناسی', en: 'Inspection report' },
  frame: { fa: 'بدنه: سالم', en: 'Frame: sound' },
  brakes: { fa: 'ترمزها: لنت جلو نیاز به تعویض دارد', en: 'Brakes: the front pads need replacing' },
  gears: { fa: 'دنده‌ها: تنظیم', en: 'Gears: in order' },
} satisfies Record<string, Record<Language, string>>
type Word = keyof typeof WORDS

const STYLE = `:root{color-scheme:light dark;--ink:#1c2421;--soft:#55605b;--paper:#f6f8f6;--card:#fff;--accent:#0b6b4f;--on:#fff;--line:#cfd8d3}
@media (prefers-color-scheme:dark){:root{--ink:#eef3f0;--soft:#aebbb4;--paper:#141917;--card:#1e2522;--accent:#5fd0a8;--on:#0c1713;--line:#3c4843}}
*{box-sizing:border-box}body{margin:0;font:1rem/1.7 Vazirmatn,system-ui,sans-serif;color:var(--ink);background:var(--paper)}
header{display:flex;justify-content:space-between;gap:1rem;padding:.75rem 1rem;border-bottom:1px solid var(--line)}main{padding:1rem;max-width:32rem;margin:auto}
h1{font-size:1.25rem;margin:.25rem 0 .75rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0 0 1rem;color:var(--soft)}dd{margin:0;color:var(--ink);overflow-wrap:anywhere}
fieldset{border:1px solid var(--line);border-radius:.75rem;background:var(--card);padding:.5rem 1rem;margin:0 0 1rem}label{display:flex;gap:.5rem;align-items:center;min-height:2.5rem}
.act{display:inline-block;font:inherit;font-weight:600;padding:.6rem 1.4rem;min-height:2.75rem;border:0;border-radius:.75rem;background:var(--accent);color:var(--on);cursor:pointer;text-decoration:none}
a{color:var(--accent)}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}`

/** Opened from the menu or from a location. */
export function startPage(lang: Language, click: AppClick): string {
  const times = TIMES.map(
    ({ id, words }, index) =>
      `<label><input type="radio" name="time" value="${id}"${index === 0 ? ' checked' : ''}> ${words[lang]}</label>`,
  ).join('')
  const choice = `<fieldset><legend>${WORDS.time[lang]}</legend>${times}</fieldset>`
  return clickPage(lang, click, 'hello', facts(lang, click) + form(lang, click, '/book', 'book', choice))
}

/** Opened from the button under a booking. */
export function orderPage(lang: Language, click: AppClick): string {
  return clickPage(lang, click, 'confirmTitle', facts(lang, click) + form(lang, click, '/confirm', 'confirm'))
}

export function donePage(lang: Language, click: AppClick, isBooking: boolean): string {
  return clickPage(lang, click, isBooking ? 'booked' : 'confirmed', `<p>${WORDS.sent[lang]}</p>${wayBack(lang, click)}`)
}

export function problemPage(lang: Language, click: AppClick, { code, detail }: Problem): string {
  const problem = `<p dir="ltr" lang="en"><code>${escape(code)}</code> ${escape(detail)}</p>`
  return clickPage(lang, click, 'problem', problem + wayBack(lang, click))
}

/** For an unknown page, or a click whose 15 minutes are over. */
export function lostPage(lang: Language): string {
  return page(lang, {}, 'lost', `<p>${WORDS.again[lang]}</p>`)
}

export function reportPage(lang: Language, orderId: string): string {
  const lines = (['frame', 'brakes', 'gears'] as const).map((word) => `<li>${WORDS[word][lang]}</li>`).join('')
  const order = `<p>${WORDS.order[lang]} <bdi>${escape(orderId)}</bdi></p>`
  return page(lang, { order_id: orderId }, 'report', `${order}<ul>${lines}</ul>`)
}

/** The order of a click that names none. */
export const SAMPLE_ORDER = 'A-1029'

export function orderOf({ data }: AppClick): string {
  return data.order_id ?? SAMPLE_ORDER
}

/** Where the user wants to meet. */
export function placeOf({ location }: AppClick): string | undefined {
  return location && `${location.latitude}, ${location.longitude}`
}

function facts(lang: Language, click: AppClick): string {
  const who = { supply: 'seller', demand: 'buyer' } as const
  const side = click.side === 'supply' || click.side === 'demand' ? WORDS[who[click.side]][lang] : undefined
  const place = placeOf(click)
  const rows: [Word, string][] = [
    ['post', click.post_token],
    ['order', orderOf(click)],
  ]
  if (place !== undefined) rows.push(['place', place])
  const list = rows.map(([word, value]) => `<dt>${WORDS[word][lang]}</dt><dd><bdi>${escape(value)}</bdi></dd>`).join('')
  return `${side === undefined ? '' : `<p>${WORDS.youAre[lang]} ${side}.</p>`}<dl>${list}</dl>`
}

function form(lang: Language, click: AppClick, action: string, submit: Word, fields = ''): string {
  const hidden = Object.entries({ click_id: click.id, lang }).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`,
  )
  return `<form method="post" action="${action}">${hidden.join('')}${fields}
<button class="act" type="submit">${WORDS[submit][lang]}</button></form>`
}

/** A link to the return URL, if it is on this machine or on https under divar.ir. */
function wayBack(lang: Language, { return_url: returnUrl }: AppClick): string {
  const { protocol, hostname } = URL.parse(returnUrl) ?? { protocol: '', hostname: '' }
  const isLocal = /^(?:localhost|127\.0\.0\.1)$/.test(hostname) && /^https?:$/.test(protocol)
  const isDivar = protocol === 'https:' && /(?:^|\.)divar\.ir$/.test(hostname)
  return isLocal || isDivar ? `<p><a class="act" href="${escape(returnUrl)}">${WORDS.back[lang]}</a></p>` : ''
}

function clickPage(lang: Language, { id }: AppClick, title: Word, main: string): string {
  return page(lang, { click_id: id }, title, main)
}

/** @param parameters of this page, for the link to it in the other language */
function page(lang: Language, parameters: Record<string, string>, title: Word, main: string): string {
  const other = lang === 'fa' ? 'en' : 'fa'
  const link = `?${new URLSearchParams({ ...parameters, lang: other }).toString()}`
  return `<!doctype html><html lang="${lang}" dir="${lang === 'fa' ? 'rtl' : 'ltr'}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${WORDS[title][lang]}</title><style>${STYLE}</style></head>
<body><header><strong>${WORDS.app[lang]}</strong><a lang="${other}" href="${escape(link)}">${WORDS.other[lang]}</a></header>
<main><h1>${WORDS[title][lang]}</h1>${main}</main></body></html>`
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
