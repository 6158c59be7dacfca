import { BlockList, isIP } from 'node:net'

const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]']
const ANY_ADDRESS = new Set(['0.0.0.0', '::'])

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

/** Whether a connection came from this machine. */
export function isLoopbackAddress(address = ''): boolean {
  // A socket that listens on :: writes IPv4 addresses so.
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return isIP(plain) !== 0 && LOOPBACK.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}

/** Where the simulator listens, and the host names by which it may be called. Another name is an attack from a web page (DNS rebinding). */
export class HostNames {
  /** How an address at `host` begins; every address of this machine is shown as 127.0.0.1. */
  readonly shown: string
  readonly #allowed: ReadonlySet<string>

  constructor(host: string, allowed: readonly string[]) {
    const name = isIP(host) === 6 ? `[${host}]` : host
    this.shown = ANY_ADDRESS.has(host) ? '127.0.0.1' : name
    this.#allowed = new Set([...LOCAL_NAMES, this.shown, ...allowed].map((one) => one.toLowerCase()))
  }

  /** The origin by which a request came, from its Host header; undefined when the name is not allowed. */
  originOf(header: string | undefined): string | undefined {
    const [, name = ''] = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?$/i.exec(header ?? '') ?? []
    return this.#allowed.has(name.toLowerCase()) ? `http://${header ?? ''}` : undefined
  }

  /** Whether this is one of the several names of this machine, of which the page uses one. */
  isLocal(origin: string): boolean {
    return LOCAL_NAMES.includes(new URL(origin).hostname)
  }
}
