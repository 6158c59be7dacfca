import { parseJson } from './call-app.ts'
import type { Answer } from './http.ts'

/** A page for a resolver that has none of its own yet: it shows the JSON in the parameter `click`. */
export const SAMPLE_LANDING_PATH = '/landed'

export function sampleLanding(query: URLSearchParams): Answer {
  const click = parseJson(query.get('click') ?? '')
  const shown = click === undefined ? '' : `<pre dir="ltr" tabindex="0">${escape(JSON.stringify(click, null, 2))}</pre>`
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; font-src 'self'; frame-ancestors 'self'; base-uri 'none'",
    },
    body: `<!doctype html><html lang="fa" dir="rtl"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>مقصد نمونه · Sample landing</title>
<link rel="stylesheet" href="/ui/tokens.css"><link rel="stylesheet" href="/ui/base.css">
<main><h1>مقصد نمونه</h1><p>کلیک به اینجا رسید. در resolver خودتان مقصد دیگری برگردانید.</p>
<div lang="en" dir="ltr"><h2>Sample landing</h2><p>The click led here. Return another landing in your own resolver.</p></div>
${shown}</main></html>`,
  }
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
