import { isIP, SocketAddress } from 'node:net'
import type { Request } from 'express'

/** What authentication reads of a request. */
export type AuthRequest = Pick<Request, 'headers' | 'rawHeaders' | 'ip'>

/**
 * The client's IP address, which honours TRUST_PROXY. IPv4-mapped IPv6 becomes IPv4, and a port that some proxies append is removed. `undefined` if the
 * forwarded address cannot be parsed.
 */
export function clientAddress({ ip = '' }: Pick<Request, 'headers' | 'ip'>): string | undefined {
  const address = /^\[(.*)\](?::\d+)?$/.exec(ip)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(ip)?.[1] ?? ip
  const [plain = ''] = address.split('%')
  switch (isIP(plain)) {
    case 4:
      return plain
    case 6:
      return new SocketAddress({ address: plain, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '')
    default:
      return undefined
  }
}

/** The rate limit's key: an IPv4 address, or the /64 network of an IPv6 address, since one client usually has all of it. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail?.split(':').filter(Boolean) ?? []
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
