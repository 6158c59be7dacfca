import { BlockList, isIP } from 'node:net'

/** Network addresses, one by one or by range. */
export type AddressRanges = {
  /** False as well for what is no address. */
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
  switch (isIP(address)) {
    case 4:
      return 'ipv4'
    case 6:
      return 'ipv6'
    default:
      return undefined
  }
}
