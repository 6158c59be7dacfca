import { request } from 'undici'

const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/
const MAX_HOPS = 5
const TIMEOUT_MS = 2000

/**
 * Whether a frame of our page may show an address, by what the address itself answers to HEAD. Only addresses of this machine are ever
 * asked; of all others nothing is known.
 */
export async function isFramable(address: string, ownOrigin: string): Promise<'yes' | 'no' | 'unknown'> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  let url = new URL(address)
  try {
    for (let hop = 0; hop < MAX_HOPS; hop++) {
      if (!LOOPBACK.test(url.hostname)) return 'unknown'
      const { statusCode, headers, body } = await request(url, { method: 'HEAD', signal })
      await body.dump()
      const next = headers['location']
      if (statusCode < 300 || statusCode > 399 || typeof next !== 'string') return judge(headers, url.origin, ownOrigin)
      url = new URL(next, url)
    }
    return 'unknown'
  } catch {
    return 'unknown'
  }
}

function judge(
  headers: Record<string, string | string[] | undefined>,
  origin: string,
  ownOrigin: string,
): 'yes' | 'no' {
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
