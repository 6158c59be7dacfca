import { BlockList, isIPv4, isIPv6 } from 'node:net'

const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

/** Whether a URL points at this machine, where TLS protects nothing. Expects the hostname as `URL` normalizes it. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname)
}

/** Browsers drop or replace these: control characters, blanks and the backslash. */
// eslint-disable-next-line no-control-regex -- the pattern matches them on purpose
const MISREAD = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\\]/

/**
 * Reads an absolute http(s) address that every parser reads alike: no blanks, control characters, backslash or credentials, and both slashes
 * after the scheme. Anything else is `undefined`.
 */
export function readWebAddress(text: string): URL | undefined {
  return isReadAlike(text) ? (URL.parse(text) ?? undefined) : undefined
}

/** Whether `readWebAddress` accepts a text. */
export function isWebAddress(text: string): boolean {
  return isReadAlike(text) && URL.canParse(text)
}

function isReadAlike(text: string): boolean {
  return !MISREAD.test(text) && /^https?:\/\/[^/?#@]+(?:[/?#]|$)/i.test(text)
}

/** A path below a configured address, which may have a path of its own, with or without slashes at its end. @param path starts with a slash */
export function pathBelow({ pathname }: URL, path: string): string {
  return pathname.replace(/\/+$/, '') + path
}

/** Whether a decoded segment of a path is `.` or `..`, or would have one for a server that decodes `%2F`: it could read another path. */
export function hasDotSegment(text: string): boolean {
  return /(?:^|[/\\])\.{1,2}(?:[/\\]|$)/.test(text)
}

export const ORIGINS_EXPECTED = 'expected origins such as https://app.example.com, without a path, separated by commas'

export function isOrigin({ href, origin }: URL): boolean {
  return href === `${origin}/`
}

/**
 * Reads allowed origins, separated by commas or as a list. Blanks around an origin and one slash behind it are allowed; a path or a wildcard is not.
 * @returns `undefined` when there is none, or one of them is not an origin
 */
export function readOrigins(given: string | readonly string[]): ReadonlySet<string> | undefined {
  const texts = [given].flat().flatMap((text) => text.split(','))
  const origins = texts.map((text) => readOrigin(text.trim())).filter((origin) => origin !== undefined)
  return origins.length === texts.length && origins.length > 0 ? new Set(origins) : undefined
}

function readOrigin(text: string): string | undefined {
  const address = readWebAddress(text)
  return address !== undefined && isOrigin(address) && !address.hostname.includes('*') ? address.origin : undefined
}

/** Network addresses and ranges. */
export type AddressRanges = {
  /** False for anything that is not an IP address. */
  has: (address: string) => boolean
}

/** Reads addresses and ranges in CIDR notation, separated by commas; `undefined` when one of them is neither. */
export function readAddressRanges(list: string): AddressRanges | undefined {
  const ranges = new BlockList()
  for (const entry of list.split(',')) {
    const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry.trim()) ?? []
    const family = familyOf(address)
    if (family === undefined) return undefined
    const longest = family === 'ipv4' ? 32 : 128
    const length = prefix === undefined ? longest : Number(prefix)
    if (length > longest) return undefined
    ranges.addSubnet(address, length, family)
  }
  return {
    has: (address) => {
      const family = familyOf(address)
      return family !== undefined && ranges.check(address, family)
    },
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  if (isIPv4(address)) return 'ipv4'
  return isIPv6(address) ? 'ipv6' : undefined
}
