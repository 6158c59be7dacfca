import dns from 'node:dns'
import { isIP } from 'node:net'
import { buildConnector, errors } from 'undici'
import { startDeadline } from '../base/timeout.ts'

/** Delay before the next address is tried in parallel (RFC 8305). */
const HEAD_START_MS = 250
const MAX_ADDRESSES = 8

export type Address = { address: string; family: number }
/** Finds the addresses of a name, best first. */
export type Resolve = (hostname: string, callback: (error: Error | null, addresses: Address[]) => void) => void

const resolveBySystem: Resolve = (hostname, callback) => {
  dns.lookup(hostname, { all: true }, callback)
}

/**
 * Connects to the first address of a name that answers. Earlier attempts continue while later ones start: Node's own `autoSelectFamily` gives up each
 * address but the last after 250 ms.
 * @param timeoutMs in total: DNS, TCP and TLS
 */
export function createConnector(timeoutMs: number, resolve: Resolve = resolveBySystem): buildConnector.connector {
  const connectOne = buildConnector({ timeout: timeoutMs, allowH2: false, autoSelectFamily: false })
  return (options, callback) => {
    let isSettled = false
    const settle = (...outcome: Parameters<buildConnector.Callback>) => {
      if (isSettled) {
        outcome[1]?.destroy()
        return
      }
      isSettled = true
      stopDeadline()
      callback(...outcome)
    }
    const stopDeadline = startDeadline(timeoutMs, () => {
      settle(new errors.ConnectTimeoutError(`no connection within ${timeoutMs} ms`), null)
    })
    // Certificates are checked against the name, not the address.
    const { protocol, hostname } = options
    const isChecked = protocol === 'https:' && isIP(hostname) === 0
    const named = isChecked ? { ...options, servername: options.servername ?? hostname } : options
    const connectTo = (address: string, onEnd: buildConnector.Callback) => {
      connectOne({ ...named, hostname: address }, onEnd)
    }
    resolve(hostname, (error, addresses) => {
      if (error !== null) settle(error, null)
      else if (addresses.length === 0) settle(new Error('the name has no address'), null)
      else if (!isSettled) race(alternateFamilies(addresses), connectTo, settle, () => isSettled)
    })
  }
}

/** Tries the addresses in order, each with a head start, until one has connected or all have failed. */
function race(
  addresses: readonly string[],
  connectTo: (address: string, onEnd: buildConnector.Callback) => void,
  settle: buildConnector.Callback,
  isSettled: () => boolean,
): void {
  let begun = 0
  let failed = 0
  let headStart: NodeJS.Timeout | undefined
  const tryNext = () => {
    clearTimeout(headStart)
    const address = addresses[begun]
    if (address === undefined || isSettled()) return
    begun += 1
    headStart = setTimeout(tryNext, HEAD_START_MS)
    connectTo(address, (...outcome) => {
      const [error] = outcome
      if (error === null) {
        clearTimeout(headStart)
        settle(...outcome)
        return
      }
      failed += 1
      if (failed === addresses.length) settle(error, null)
      else tryNext()
    })
  }
  tryNext()
}

/** Alternates IPv4 and IPv6, the best address first, so that a family without a route costs one head start only. */
function alternateFamilies(found: readonly Address[]): string[] {
  const family = found[0]?.family
  const same = found.filter((one) => one.family === family)
  const other = found.filter((one) => one.family !== family)
  return same
    .flatMap((one, index) => [one, ...other.slice(index, index + 1)])
    .concat(other.slice(same.length))
    .slice(0, MAX_ADDRESSES)
    .map(({ address }) => address)
}
