import { expect, test } from '@jest/globals'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { environment } from '../support/gateway.ts'

function configOf(overrides: Environment) {
  return readConfig({ ...environment(), ...overrides })
}

test.each([
  ['double quotes', '"key"'],
  ['single quotes', "'key'"],
  ['typographic quotes', '“key”'],
  ['a quote at one end', 'key"'],
  ['a right-to-left mark', '\u200fkey'],
  ['a directional isolate', '\u2066key\u2069'],
  ['a zero-width space', 'key\u200b'],
  ['two byte order marks', '\u200e\ufeffkey'],
])(
  'an identification key with %s around it is used unchanged, and the start warns and names the variable',
  (_, key) => {
    const config = configOf({ DIVAR_IDENTIFICATION_KEY_NEXT: key })
    expect(config.suspectKeys).toEqual(['DIVAR_IDENTIFICATION_KEY_NEXT'])
    expect(config.identificationKeys[1]).toBe(key)
    expect(configOf({ DIVAR_IDENTIFICATION_KEY: key }).suspectKeys).toEqual(['DIVAR_IDENTIFICATION_KEY'])
  },
)

test.each(['key', 'it\'s a "key" of ours', 'کلید\u200cها', '  key\ufeff'])('the key %j gives no warning', (key) => {
  expect(configOf({ DIVAR_IDENTIFICATION_KEY: key }).suspectKeys).toEqual([])
})
