import { Agent, request } from 'undici'
import type { Framable } from './shown.ts'

const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/
/** Reserved for samples (RFC 2606), so no app is there. */
const PLACEHOLDER = /(?:^|\.)(?:example\.(?:com|net|org)|example|invalid)$/
type Headers = Record<string, string | string[] | undefined>
const MAX_HOPS = 5
const TIMEOUT_MS = 2000

/** Node would give up an address after 250 ms when its name has another one. On this machine each of them answers or refuses. */
const agent = new Agent({ autoSelectFamily: true, autoSelectFamilyAttemptTimeout: TIMEOUT_MS })

/** Answers that leave a frame empty, and those that say nothing of what GET would answer. */
const NO_CONTENT = new Set([204, 205])
const NO_HEAD = new Set([405, 501])

/**
 * Whether a frame of our page may show an address, by what the address itself answers to HEAD. Only addresses of this machine are ever
 * asked; of all others nothing is known.
 */
export async function isFramable(address: string, ownOrigin: string): Promise<Framable> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  let url = new URL(address)
  try {
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      if (PLACEHOLDER.test(url.hostname)) return 'placeholder'
      if (!LOOPBACK.test(url.hostname)) return 'unknown'
      const asked = { 'accept-encoding': 'identity' }
      const { statusCode, headers, body } = await request(url, {
        method: 'HEAD',
        headers: asked,
        signal,
        dispatcher: agent,
      })
      await body.dump()
      const next = headers['location']
      if (statusCode < 300 || statusCode > 399 || typeof next !== 'string') {
        if (NO_HEAD.has(statusCode)) return 'unknown'
        if (NO_CONTENT.has(statusCode)) return 'empty'
        if (isDownload(headers)) return 'download'
        return judge(headers, url.origin, ownOrigin)
      }
      url = new URL(next, url)
    }
    return 'unknown'
  } catch {
    return 'unknown'
  }
}

/** A browser saves it and shows nothing. */
function isDownload(headers: Headers): boolean {
  const type = String(headers['content-type'] ?? 'text/html').toLowerCase()
  const isShown = /^(?:text|image|audio|video)\/|^application\/(?:json|xhtml\+xml|xml|pdf)\b/.test(type)
  return !isShown || /^\s*attachment\b/i.test(String(headers['content-disposition'] ?? ''))
}

function judge(headers: Headers, origin: string, ownOrigin: string): 'yes' | 'no' {
  const isOwn = origin === ownOrigin
  const ancestors = /frame-ancestors([^;]*)/i.exec(String(headers['content-security-policy'] ?? ''))?.[1]
  // Where both are given, a browser goes by frame-ancestors alone.
  if (ancestors !== undefined) {
    const listed = ancestors.trim().toLowerCase().split(/\s+/)
    return listed.some((one) => one === '*' || one === 'http:' || one === ownOrigin || (one === "'self'" && isOwn))
      ? 'yes'
      : 'no'
  }
  const options = String(headers['x-frame-options'] ?? '').toLowerCase()
  return options === '' || (options === 'sameorigin' && isOwn) ? 'yes' : 'no'
}
