import { expect, test } from '@jest/globals'
import { pathBelow } from '../../src/base/address.ts'

test.each([
  ['https://divar.example', '/v2/x'],
  ['https://divar.example/', '/v2/x'],
  ['https://proxy.example/divar', '/divar/v2/x'],
  ['https://proxy.example/divar//', '/divar/v2/x'],
  ['https://proxy.example//', '/v2/x'],
])('a path below %s is %s', (base, path) => {
  expect(pathBelow(new URL(base), '/v2/x')).toBe(path)
})
