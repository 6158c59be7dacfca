const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

/** Whether a URL points back at this machine, where TLS protects nothing. Expects the hostname as `URL` normalizes it. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname)
}

/** Characters that a browser drops, folds or reads as something else: control characters, blanks and the backslash. */
// eslint-disable-next-line no-control-regex -- they are what it looks for
const TREACHEROUS = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\\]/

/**
 * Reads an absolute http(s) address as text, strictly: no blanks, no control characters, no backslash, no credentials, and the two
 * slashes in place, so that no two readers can understand it differently. `undefined` when it is anything else.
 */
export function readWebAddress(text: string): URL | undefined {
  if (TREACHEROUS.test(text) || !/^https?:\/\/[^/?#@]+(?:[/?#]|$)/i.test(text)) return undefined
  return URL.parse(text) ?? undefined
}
