import { expect, test } from '@jest/globals'
import { readAddressRanges } from '../../src/base/address.ts'

test.each([
  ['10.0.0.0/8', '10.255.0.1', '11.0.0.1'],
  ['10.1.2.3', '10.1.2.3', '10.1.2.4'],
  ['192.0.2.0/24, 10.0.0.7/32', '10.0.0.7', '10.0.0.8'],
  ['10.0.0.0/8', '::ffff:10.1.1.1', '::ffff:11.1.1.1'],
  ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::1'],
  ['::1', '::1', '127.0.0.1'],
  ['0.0.0.0/0', '203.0.113.9', '2001:db8::1'],
])('%s contains %s and not %s', (list, inside, outside) => {
  const ranges = readAddressRanges(list)
  expect([ranges?.has(inside), ranges?.has(outside)]).toEqual([true, false])
})

test.each(['', '10.0.0.0/33', '::/129', '10.0.0/8', '010.0.0.1', '10.0.0.0/', '10.0.0.0/-1', 'a', '10.0.0.1,', '1;2'])(
  '%j is not a list of ranges',
  (list) => {
    expect(readAddressRanges(list)).toBeUndefined()
  },
)

test.each(['', 'unknown', '10.0.0.1:80', '10.0.0.1, 10.0.0.2', '0x0a000001', '167772161', '10.1'])(
  'a text that is not an address is in no range: %j',
  (text) => {
    expect(readAddressRanges('0.0.0.0/0,::/0')?.has(text)).toBe(false)
  },
)
