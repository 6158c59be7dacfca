import type { Language, Opening } from './app-click.ts'
import type { Problem } from './app-gateway.ts'
import { TIMES } from './app-messages.ts'

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
  time: { fa: 'کی بیاییم؟', en: 'When shall we come?' },
  book: { fa: 'رزرو کن', en: 'Book' },
  confirmTitle: { fa: 'زمان بازدید مناسب است؟', en: 'Does the time suit you?' },
  confirm: { fa: 'تأیید می‌کنم', en: 'I confirm' },
  booked: { fa: 'رزرو شد', en: 'Booked' },
  confirmed: { fa: 'تأیید شد', en: 'Confirmed' },
  told: { fa: 'همین حالا در چت به هر دو طرف خبر دادیم.', en: 'Both sides have just been told in the chat.' },
  back: { fa: 'بازگشت به چت', en: 'Back to the chat' },
  lost: { fa: 'این صفحه دیگر باز نمی‌شود', en: 'This page does not open any more' },
  again: { fa: 'به چت برگردید و دوباره از آنجا بیایید.', en: 'Go back to the chat and come from there again.' },
  problem: { fa: 'پیام فرستاده نشد', en: 'The message was not sent' },
  report: { fa: 'گزارش کارشناسی', en: 'Inspection report' },
  frame: { fa: 'بدنه: سالم', en: 'Frame: sound' },
  brakes: { fa: 'ترمزها: لنت جلو نیاز به تعویض دارد', en: 'Brakes: the front pad needs replacing' },
  gears: { fa: 'دنده‌ها: تنظیم', en: 'Gears: in order' },
} satisfies Record<string, Record<Language, string>>

const STYLE = `:root{color-scheme:light dark;--ink:#1c2421;--soft:#55605b;--paper:#f6f8f6;--card:#fff;--accent:#0b6b4f;--on:#fff;--line:#cfd8d3}
@media (prefers-color-scheme:dark){:root{--ink:#eef3f0;--soft:#aebbb4;--paper:#141917;--card:#1e2522;--accent:#5fd0a8;--on:#0c1713;--line:#3c4843}}
*{box-sizing:border-box}body{margin:0;font:1rem/1.7 Vazirmatn,system-ui,sans-serif;color:var(--ink);background:var(--paper)}
header{display:flex;justify-content:space-between;gap:1rem;padding:.75rem 1rem;border-bottom:1px solid var(--line)}main{padding:1rem;max-width:32rem;margin:auto}
h1{font-size:1.25rem;margin:.25rem 0 .75rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0 0 1rem;color:var(--soft)}dd{margin:0;color:var(--ink);overflow-wrap:anywhere}
fieldset{border:1px solid var(--line);border-radius:.75rem;background:var(--card);padding:.5rem 1rem;margin:0 0 1rem}label{display:flex;gap:.5rem;align-items:center;min-height:2.5rem}
.act{display:inline-block;font:inherit;font-weight:600;padding:.6rem 1.4rem;min-height:2.75rem;border:0;border-radius:.75rem;background:var(--accent);color:var(--on);cursor:pointer;text-decoration:none}
a{color:var(--accent)}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}`

/** Opened from the menu, or from a location: what shall be inspected, and when. */
export function startPage(opened: Opening): string {
  const times = TIMES.map(
    ({ id, words }, index) =>
      `<label><input type="radio" name="time" value="${id}"${index === 0 ? ' checked' : ''}> ${escape(words[opened.language])}</label>`,
  ).join('')
  return page(
    saidOf(opened),
    'hello',
    `${facts(opened)}<form method="post" action="/book">${hidden(opened)}<fieldset><legend>${say(opened, 'time')}</legend>${times}</fieldset>
<button class="act" type="submit">${say(opened, 'book')}</button></form>`,
  )
}

/** Opened from the button under a booking. */
export function orderPage(opened: Opening): string {
  return page(
    saidOf(opened),
    'confirmTitle',
    `${facts(opened)}<form method="post" action="/confirm">${hidden(opened)}<button class="act" type="submit">${say(opened, 'confirm')}</button></form>`,
  )
}

export function donePage(opened: Opening, isBooking: boolean): string {
  return page(saidOf(opened), isBooking ? 'booked' : 'confirmed', `<p>${say(opened, 'told')}</p>${wayBack(opened)}`)
}

/** A click can be asked for during 15 minutes. */
export function lostPage(language: Language): string {
  const said = { language, fields: {} }
  return page(said, 'lost', `<p>${say(said, 'again')}</p>`)
}

export function problemPage(opened: Opening, { code, detail }: Problem): string {
  return page(
    saidOf(opened),
    'problem',
    `<p dir="ltr" lang="en"><code>${escape(code)}</code> ${escape(detail)}</p>${wayBack(opened)}`,
  )
}

export function reportPage(language: Language, orderId: string): string {
  const opened = { language, fields: { order_id: orderId } }
  const lines = (['frame', 'brakes', 'gears'] as const).map((word) => `<li>${say(opened, word)}</li>`).join('')
  return page(opened, 'report', `<p>${say(opened, 'order')} <bdi>${escape(orderId)}</bdi></p><ul>${lines}</ul>`)
}

/** `fields` is what the next page must be told. */
type Said = { language: Language; fields: Record<string, string> }

function facts(opened: Opening): string {
  const { side, postToken, orderId, place } = opened
  const who = side === 'supply' || side === 'demand' ? say(opened, side === 'supply' ? 'seller' : 'buyer') : ''
  const rows: [keyof typeof WORDS, string][] = [
    ['post', postToken],
    ['order', orderId],
    ...(place === undefined ? [] : [['place', place] satisfies [keyof typeof WORDS, string]]),
  ]
  const list = rows.map(([word, value]) => `<dt>${say(opened, word)}</dt><dd><bdi>${escape(value)}</bdi></dd>`).join('')
  return `${who && `<p>${say(opened, 'youAre')} ${who}.</p>`}<dl>${list}</dl>`
}

function saidOf({ language, clickId }: Opening): Said {
  return { language, fields: { click_id: clickId } }
}

function hidden({ clickId, language }: Opening): string {
  return Object.entries({ click_id: clickId, lang: language })
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)
    .join('')
}

function wayBack(opened: Opening): string {
  const { returnUrl } = opened
  return returnUrl === undefined ? '' : `<p><a class="act" href="${escape(returnUrl)}">${say(opened, 'back')}</a></p>`
}

function say({ language }: Pick<Said, 'language'>, word: keyof typeof WORDS): string {
  return escape(WORDS[word][language])
}

function page(said: Said, title: keyof typeof WORDS, main: string): string {
  const { language, fields } = said
  const other = language === 'fa' ? 'en' : 'fa'
  const link = `?${new URLSearchParams({ ...fields, lang: other }).toString()}`
  return `<!doctype html><html lang="${language}" dir="${language === 'fa' ? 'rtl' : 'ltr'}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${say(said, title)}</title><style>${STYLE}</style></head>
<body><header><strong>${say(said, 'app')}</strong><a lang="${other}" href="${escape(link)}">${say(said, 'other')}</a></header>
<main><h1>${say(said, title)}</h1>${main}</main></body></html>`
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
