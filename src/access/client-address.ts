import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/**
 * The client's IP address, which honours TRUST_PROXY. IPv4-mapped IPv6 becomes IPv4, and a port that some proxies append is removed. `undefined` if the
 * forwarded address cannot be parsed.
 */
export function clientAddress({ ip = '' }: { ip?: string | undefined }): string | undefined {
  const address = /^\[(.*)\](?::\d+)?$/.exec(ip)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(ip)?.[1] ?? ip
  const [plain = ''] = address.split('%')
  if (isIPv4(plain)) return plain
  if (!isIPv6(plain)) return undefined
  return new SocketAddress({ address: plain, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '')
}

/** The rate limit's key: an IPv4 address, or the /64 network of an IPv6 address, since one client usually has all of it. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const before = head.split(':').filter(Boolean)
  const after = tail?.split(':').filter(Boolean) ?? []
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
