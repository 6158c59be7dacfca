import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RefusalReason } from './authorization-flow.ts'

/** Why the flow ended without a grant; each has its page. */
export type Ending = RefusalReason | 'denied' | 'store_unavailable' | 'not_set_up' | 'not_found'

type Page = { status: number; titleFa: string; textFa: string; titleEn: string; textEn: string }

const ENDINGS: Record<Ending, Page> = {
  denied: {
    status: 403,
    titleFa: 'اجازه ندادید',
    textFa: 'بدون اجازهٔ شما کاری انجام نمی‌شود. هر وقت خواستید، در گفت‌وگو دوباره روی دکمه بزنید.',
    titleEn: 'You did not agree',
    textEn: 'Nothing is done without your permission. Tap the button in the chat again whenever you like.',
  },
  expired: {
    status: 410,
    titleFa: 'این لینک دیگر کار نمی‌کند',
    textFa: 'استفاده شده یا زمانش گذشته است. به گفت‌وگو برگردید و دوباره روی دکمه بزنید.',
    titleEn: 'This link does not work any more',
    textEn: 'It was used, or its time is over. Go back to the chat and tap the button again.',
  },
  other_browser: {
    status: 403,
    titleFa: 'در مرورگر دیگری شروع شده است',
    textFa:
      'اجازه باید در همان مرورگری تمام شود که در آن شروع شده است، و این مرورگر کوکی آن را پس نفرستاد. لینک را در پنجرهٔ تازه باز کنید، یا به گفت‌وگو برگردید و دوباره روی دکمه بزنید.',
    titleEn: 'This began in another browser',
    textEn:
      'Permission has to be given in the browser in which it was begun, and this one did not send the cookie back. Open the link in a new window, or go back to the chat and tap the button again.',
  },
  other_user: {
    status: 403,
    titleFa: 'با حساب دیگری وارد شده‌اید',
    textFa:
      'اجازه را باید همان کسی بدهد که در گفت‌وگو روی دکمه زده است. با همان شمارهٔ دیوار وارد شوید و دوباره روی دکمه بزنید.',
    titleEn: 'You are logged in with another account',
    textEn:
      'Only the user who tapped the button in the chat can agree. Log in to Divar with that number and tap the button again.',
  },
  not_allowed: {
    status: 403,
    titleFa: 'دیوار این اجازه را نمی‌دهد',
    textFa: 'دیوار نپذیرفت که این اجازه از شما گرفته شود. چیزی ذخیره نشد. به گفت‌وگو برگردید.',
    titleEn: 'Divar does not allow this',
    textEn: 'Divar would not let this app ask you for that permission. Nothing was stored. Go back to the chat.',
  },
  not_answered: {
    status: 502,
    titleFa: 'دیوار پاسخ نداد',
    textFa: 'چیزی ذخیره نشد. چند لحظهٔ دیگر به گفت‌وگو برگردید و دوباره روی دکمه بزنید.',
    titleEn: 'Divar did not answer',
    textEn: 'Nothing was stored. Wait a moment, go back to the chat and tap the button again.',
  },
  store_unavailable: {
    status: 503,
    titleFa: 'الان نمی‌شود',
    textFa: 'این سرویس موقتاً در دسترس نیست. چند لحظهٔ دیگر به گفت‌وگو برگردید و دوباره روی دکمه بزنید.',
    titleEn: 'Not now',
    textEn: 'This service is away for a moment. Go back to the chat soon and tap the button again.',
  },
  not_set_up: {
    status: 501,
    titleFa: 'اینجا اجازه گرفته نمی‌شود',
    textFa: 'این سرویس برای گرفتن اجازه تنظیم نشده است.',
    titleEn: 'No permission is asked here',
    textEn: 'This service is not set up to ask for permission.',
  },
  not_found: {
    status: 400,
    titleFa: 'این آدرس درست نیست',
    textFa: 'به گفت‌وگو برگردید و دوباره روی دکمه بزنید.',
    titleEn: 'This address is not right',
    textEn: 'Go back to the chat and tap the button again.',
  },
}

const NEW_WINDOW = { fa: 'باز کردن در پنجرهٔ تازه', en: 'Open in a new window' }
const BACK = { fa: 'بازگشت به دیوار', en: 'Back to Divar' }

/** Colors and sizes of all pages. In a container the file is there, too: it is part of the image. */
const TOKENS = readFileSync(join(import.meta.dirname, '..', 'ui', 'tokens.css'), 'utf8')

/** System fonts only, so the page fetches nothing. */
const STYLE = `${TOKENS}*{box-sizing:border-box}body{margin:0;padding:var(--space-8) var(--space-5);font:var(--text-m)/1.8 var(--font);color:var(--ink);background:var(--paper)}
main{max-width:32rem;margin:auto}h1,h2{font-size:var(--text-l);margin:0 0 var(--space-2)}p{margin:0 0 var(--space-4);color:var(--soft)}
section+section{border-block-start:1px solid var(--line);margin-block-start:1.5rem;padding-block-start:1.5rem}
a{display:inline-block;margin-block-end:.75rem;margin-inline-end:.5rem;min-height:2.75rem;padding:.45rem 1.2rem;border:1px solid var(--accent);border-radius:var(--radius-control);color:var(--accent);text-decoration:none}
a:focus-visible{outline:3px solid var(--accent);outline-offset:2px}`

/** No scripts and no external resources. The page may be framed: it has only the link back and one that opens a new window. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'`,
}

export function endingStatus(ending: Ending): number {
  return ENDINGS[ending].status
}

/** A short page in Persian and English with a link back to Divar. @param retryUrl adds a link that opens the flow in a new window */
export function endingPage(ending: Ending, returnUrl: string, retryUrl?: string): string {
  const { titleFa, textFa, titleEn, textEn } = ENDINGS[ending]
  const back = escape(returnUrl)
  const again = (text: string) =>
    retryUrl === undefined ? '' : `<a href="${escape(retryUrl)}" target="_blank" rel="noopener">${text}</a>`
  return `<!doctype html>
<html lang="fa" dir="rtl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${titleFa}</title><style>${STYLE}</style></head><body><main>
<section><h1>${titleFa}</h1><p>${textFa}</p>${again(NEW_WINDOW.fa)}<a href="${back}">${BACK.fa}</a></section>
<section lang="en" dir="ltr"><h2>${titleEn}</h2><p>${textEn}</p>${again(NEW_WINDOW.en)}<a href="${back}">${BACK.en}</a></section>
</main></body></html>
`
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
