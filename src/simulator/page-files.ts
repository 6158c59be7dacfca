import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { extname, join } from 'node:path'
import type { Answer } from './http.ts'

/** An answer whose body may be bytes. */
type FileAnswer = Omit<Answer, 'body'> & { body: string | Buffer }

/** Beside this file: as written, in a checkout; compiled, in a build. */
const FOLDER = join(import.meta.dirname, 'page')
const IS_SOURCE = existsSync(join(FOLDER, 'main.ts'))
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

/** A file of the page, its font included; nothing when it has none of this name. */
export async function pageFile(path: string): Promise<FileAnswer | undefined> {
  if (path === '/') return answer('.html', await readIndex())
  const [, place, name = ''] = /^\/(page|fonts)\/([\w-]+\.\w+)$/.exec(path) ?? []
  const type = extname(name)
  if (!TYPES.has(type)) return undefined
  if (place === 'fonts') return font(name)
  const file = join(FOLDER, name)
  if (!existsSync(file)) return undefined
  const text = await readFile(file, 'utf8')
  return answer(type, type === '.ts' ? stripTypeScriptTypes(text) : text)
}

async function readIndex(): Promise<string> {
  const html = await readFile(join(FOLDER, 'index.html'), 'utf8')
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
<script src="/completion.js"></script><p>به گفت‌وگو برگشتید. <span lang="en" dir="ltr">You are back in the chat.</span></p></html>`,
}

export const completionScript: Answer = {
  status: 200,
  headers: { 'content-type': 'text/javascript' },
  body: `if (parent !== window) parent.postMessage({ kenar: 'completed' }, location.origin)`,
}
