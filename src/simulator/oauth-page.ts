import type { Authorization } from './authorization.ts'
import type { Answer } from './http.ts'
import { OTHER_SCOPE, SCOPE_WORDS } from './scope-words.ts'
import type { Side, Words } from './shown.ts'
import { SIDES, type World } from './world.ts'

type Language = keyof Words

const WORDS = {
  title: { fa: 'اجازهٔ دسترسی', en: 'Permission' },
  asks: { fa: 'از شما اجازه می‌خواهد:', en: 'asks you for permission to:' },
  who: { fa: 'چه کسی پاسخ می‌دهد؟', en: 'Who answers?' },
  seller: { fa: 'فروشنده', en: 'seller' },
  buyer: { fa: 'خریدار', en: 'buyer' },
  allow: { fa: 'اجازه می‌دهم', en: 'Allow' },
  deny: { fa: 'اجازه نمی‌دهم', en: 'Deny' },
  other: { fa: 'English', en: 'فارسی' },
  refused: { fa: 'این درخواست دسترسی درست نیست', en: 'This request for permission is not right' },
  standIn: { fa: 'شبیه‌ساز دیوار روی همین ماشین', en: "A simulator of Divar's consent, on this machine" },
} satisfies Record<string, Words>

const STYLE = `@font-face{font-family:Vazirmatn;font-weight:100 900;src:url(/fonts/vazirmatn-arabic-wght-normal.woff2) format('woff2');unicode-range:U+0600-06FF,U+200C-200E,U+FB50-FDFF,U+FE70-FEFC}
@font-face{font-family:Vazirmatn;font-weight:100 900;src:url(/fonts/vazirmatn-latin-wght-normal.woff2) format('woff2');unicode-range:U+0000-00FF,U+2013-2014,U+2018-201E,U+2026}
:root{color-scheme:light dark;--ink:#1d1d1f;--soft:#5c5c63;--paper:#fff;--line:#d5d5da;--accent:#9e2020}
@media (prefers-color-scheme:dark){:root{--ink:#f2f2f4;--soft:#b4b4bc;--paper:#1b1b1e;--line:#4a4a52;--accent:#ff9c94}}
*{box-sizing:border-box}body{margin:0;padding:1.25rem 1.25rem 0;font:1rem/1.7 Vazirmatn,system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:30rem;margin:auto}h1{font-size:1.2rem;margin:.25rem 0 1rem}small,.soft{color:var(--soft)}ul{padding-inline-start:1.2rem}
code{font-size:.75rem;overflow-wrap:anywhere;color:var(--soft);display:block;direction:ltr;text-align:start}fieldset{border:1px solid var(--line);border-radius:.75rem;margin:1rem 0}
label{display:block;padding:.3rem 0}button{font:inherit;padding:.6rem 1.2rem;min-height:2.75rem;border-radius:.75rem;border:1px solid var(--accent);cursor:pointer;background:none;color:var(--accent)}
button.main{background:var(--accent);color:var(--paper)}.row{display:flex;gap:.75rem;flex-wrap:wrap;position:sticky;inset-block-end:0;margin-inline:-1.25rem;padding:.75rem 1.25rem;background:var(--paper);border-block-start:1px solid var(--line)}a{color:var(--accent)}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}`

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // With no-referrer a browser would send `Origin: null` with the decision, as a foreign page may, too.
  'referrer-policy': 'same-origin',
  // Only the simulator's own page may frame it.
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; frame-ancestors 'self'",
}

const quoted = ({ fa, en }: Words): Words => ({ fa: `«${fa}»`, en: `“${en}”` })

/** The platform's consent page, in Persian or English. */
export function consentPage({ scopes, fields }: Authorization, world: World, active: Side, language: Language): Answer {
  const say = (words: Words) => escape(words[language])
  const other = language === 'fa' ? 'en' : 'fa'
  const list = scopes
    .map(({ name, raw }) => `<li>${say(SCOPE_WORDS[name] ?? OTHER_SCOPE)}<code>${escape(raw)}</code></li>`)
    .join('')
  const hidden = Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)
    .join('')
  const radios = SIDES.map(
    (side) =>
      `<label><input type="radio" name="side" value="${side}"${side === active ? ' checked' : ''}> ${say(world.people[side].name)} (${say(WORDS[side])})</label>`,
  ).join('')
  const link = `?${new URLSearchParams({ ...fields, lang: other }).toString()}`
  return page(
    200,
    language,
    `<p class="soft"><small>${say(WORDS.standIn)}</small> · <a lang="${other}" href="${escape(link)}">${say(WORDS.other)}</a></p>
<form method="post" action="/oauth2/auth/decision">${hidden}<h1>${say(quoted(world.appTitle))} ${say(WORDS.asks)}</h1><ul>${list}</ul>
<fieldset><legend>${say(WORDS.who)}</legend>${radios}</fieldset>
<div class="row"><button class="main" name="decision" value="allow">${say(WORDS.allow)}</button>
<button name="decision" value="deny">${say(WORDS.deny)}</button></div></form>`,
  )
}

/** An error page: without a valid client and redirect URI, a redirect would not be safe. */
export function refusalPage(why: string): Answer {
  return page(
    400,
    'fa',
    `<h1>${WORDS.refused.fa}</h1><p lang="en" dir="ltr">${WORDS.refused.en}: <strong>${escape(why)}</strong></p>`,
  )
}

function page(status: number, language: Language, main: string): Answer {
  const body = `<!doctype html><html lang="${language}" dir="${language === 'fa' ? 'rtl' : 'ltr'}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${WORDS.title[language]}</title><style>${STYLE}</style></head>
<body><main>${main}</main></body></html>`
  return { status, headers: HEADERS, body }
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
