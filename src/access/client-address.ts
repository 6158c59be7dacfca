import { isIP, SocketAddress } from 'node:net'
import type { Request } from 'express'

/** What authentication reads of a request. */
export type AuthRequest = Pick<Request, 'headers' | 'rawHeaders' | 'ip'>

/**
 * The address that a request came from: the socket's, or, behind a proxy of TRUST_PROXY, the one that it names. IPv4 written as IPv6 is told as
 * IPv4. `undefined` when what was named is no address; some proxies put a port behind it.
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

/** Who answers for an address: of IPv4 itself, of IPv6 its network of 64 bits, of which anybody has all addresses who has one. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail?.split(':').filter(Boolean) ?? []
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
