import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { clientAddress, networkOf } from '../../src/access/client-address.ts'

const addressOf = (ip: string | undefined) => clientAddress({ ip })

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::FFFF:CB00:7109', '203.0.113.9'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['203.0.113.9:51234', '203.0.113.9'],
  ['[2001:db8::1]:51234', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
])("'%s is read as %s'", (ip, expected) => {
  expect(addressOf(ip)).toBe(expected)
})

test.each([undefined, '', 'unknown', '_hidden', '203.0.113', '203.0.113.9:1:2', '[x]:1', '0x7f000001'])(
  '%j is not an address',
  (ip) => {
    expect(addressOf(ip)).toBeUndefined()
  },
)

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:ffff::', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test('two addresses are in the same network if and only if their first 64 bits are equal', () => {
  const half = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 4, maxLength: 4 })
  const networkOfGroups = (groups: number[]) =>
    networkOf(addressOf(groups.map((group) => group.toString(16)).join(':')) ?? '')
  // Those that are IPv4 written as IPv6, or were once, have networks of their own.
  const some = half.filter((groups) => groups.some((group) => group > 0))
  fc.assert(
    fc.property(some, half, some, half, (a, x, b, y) => {
      expect(networkOfGroups([...a, ...x])).toBe(networkOfGroups([...a, ...y]))
      expect(networkOfGroups([...a, ...x]) === networkOfGroups([...b, ...y])).toBe(a.join() === b.join())
    }),
  )
})
