import type { Received } from './http.ts'

/** A slash, then no second one (a browser reads a backslash as a slash), and visible ASCII alone. */
const ORIGIN_FORM = /^\/(?![/\\])[\x21-\x7e]*$/

/** Whether a request's target is a path of ours, and stays one when it is resolved against an origin. */
export function isOriginForm(path: string, origin: string): boolean {
  if (!ORIGIN_FORM.test(path) || !URL.canParse(path, origin)) return false
  const url = new URL(path, origin)
  return url.origin === origin && !url.pathname.startsWith('//')
}

/** Where a user's browser is sent by an app, so a foreign page may lead here. */
const ENTRANCES = new Set(['/', '/oauth2/auth', '/oauth', '/completion', '/completion.js', '/landed'])

/**
 * Whether a page of another origin made its browser send this. Programs send neither `Origin` nor `Sec-Fetch-Site`. Following a link is
 * allowed where an app may send a user.
 */
export function isFromForeignPage({ method, headers }: Received, pathname: string, ownOrigin: string): boolean {
  if (headers.origin !== undefined && headers.origin !== ownOrigin) return true
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  return method !== 'GET' || !ENTRANCES.has(pathname)
}
