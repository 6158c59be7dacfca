import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { extname, join } from 'node:path'
import type { Answer } from './http.ts'

/** An answer whose body may be bytes. */
type FileAnswer = Omit<Answer, 'body'> & { body: string | Buffer }

/** Beside this file: as written, in a checkout; compiled, in a build. */
const FOLDERS = { page: join(import.meta.dirname, 'page'), ui: join(import.meta.dirname, '..', 'ui') }
const IS_SOURCE = existsSync(join(FOLDERS.page, 'main.ts'))
const FONTS = '@fontsource-variable/vazirmatn/files'

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.ts', 'text/javascript; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.woff2', 'font/woff2'],
])

const HEADERS = {
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'self'; frame-src http: https:; img-src 'self' data:; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
}

/** A file of the page, its font included; nothing when it has none of this name. @param docsUrl of the gateway's documentation, which the page links to */
export async function pageFile(path: string, docsUrl?: string): Promise<FileAnswer | undefined> {
  if (path === '/') return answer('.html', await readIndex(docsUrl))
  const [, place, name = ''] = /^\/(page|ui|fonts)\/([\w-]+\.\w+)$/.exec(path) ?? []
  const type = extname(name)
  if (!TYPES.has(type)) return undefined
  if (place === 'fonts') return font(name)
  const file = join(place === 'ui' ? FOLDERS.ui : FOLDERS.page, name)
  if (!existsSync(file)) return undefined
  const text = await readFile(file, 'utf8')
  return answer(type, type === '.ts' ? stripTypeScriptTypes(text) : text)
}

async function readIndex(docsUrl: string | undefined): Promise<string> {
  const text = await readFile(join(FOLDERS.page, 'index.html'), 'utf8')
  const html =
    docsUrl === undefined
      ? text
      : text.replace('data-word="docs" hidden', `data-word="docs" href="${encodeURI(docsUrl)}"`)
  return IS_SOURCE ? html : html.replace('/page/main.ts', '/page/main.js')
}

async function font(name: string): Promise<FileAnswer | undefined> {
  try {
    return answer('.woff2', await readFile(createRequire(import.meta.url).resolve(`${FONTS}/${name}`)))
  } catch {
    return undefined
  }
}

function answer(type: string, body: string | Buffer): FileAnswer {
  return { status: 200, headers: { ...HEADERS, 'content-type': TYPES.get(type) ?? '' }, body }
}

/** Where an app sends the user back to: tells the page that the web view may close. */
export const completionPage: Answer = {
  status: 200,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; script-src 'self'; frame-ancestors 'self'",
  },
  body: `<!doctype html><html lang="fa" dir="rtl"><meta charset="utf-8"><title>بازگشت به گفت‌وگو · Back to the chat</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><script src="/completion.js"></script>
<p>کار این صفحه تمام شد. <a href="/" target="_top">گفت‌وگو و خط زمان</a> نتیجه را نشان می‌دهند.</p>
<p lang="en" dir="ltr">This page is done. <a href="/" target="_top">The chat and the timeline</a> show what came of it.</p></html>`,
}

export const completionScript: Answer = {
  status: 200,
  headers: { 'content-type': 'text/javascript' },
  body: `if (parent !== window) parent.postMessage({ kenar: 'completed' }, location.origin)`,
}
