import { isLoopback, readWebAddress } from '../base/address.ts'

/** Where the platform itself sends a user once an app is done. */
export const COMPLETION_URL = 'https://open-platform-redirect.divar.ir/completion'

/**
 * The way back that the platform offered, or its fixed completion page when it offered none. An address that is not https under
 * divar.ir, nor on this machine (where the simulator is), is not trusted: it is replaced by the fixed one, and `replaced` says so.
 */
export function chooseReturnUrl(...offered: (string | null | undefined)[]): { url: string; replaced: boolean } {
  const first = offered.find((address) => typeof address === 'string' && address !== '')
  if (typeof first !== 'string' || first === COMPLETION_URL) return { url: COMPLETION_URL, replaced: false }
  const address = readWebAddress(first)
  return address !== undefined && (isDivar(address) || isLoopback(address))
    ? { url: address.href, replaced: false }
    : { url: COMPLETION_URL, replaced: true }
}

function isDivar({ protocol, hostname, port }: URL): boolean {
  return protocol === 'https:' && port === '' && (hostname === 'divar.ir' || hostname.endsWith('.divar.ir'))
}
