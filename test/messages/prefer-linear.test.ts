import { expect, test } from '@jest/globals'
import { readSendPreferences } from '../../src/messages/send-routes.ts'

const SHORT = 2 * 1024
/** The longest that a request may have: 16 KiB. */
const TIMES_LONGER = 8
/** Of linear work it is 8, of quadratic work 64. */
const MOST_TIMES_SLOWER = Math.sqrt(TIMES_LONGER * TIMES_LONGER ** 2)
const ROUNDS = 20

const filled = (part: string, length: number) => part.repeat(Math.ceil(length / part.length))

/** The fastest of several rounds: what other processes take is not in it. */
function costOf(prefer: string): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now()
    readSendPreferences({ prefer }, true)
    return performance.now() - begun
  })
  return Math.min(...rounds)
}

test.each([
  ['quotes', '', '"', ''],
  ['escaped quotes in a string without an end', '"', '\\"', ''],
  ['escaped quotes before a lone backslash', '"', '\\"', '\\'],
  ['backslashes', '"', '\\', ''],
  ['openings of strings', '', '"a', ''],
  ['commas', '', ',', 'x'],
  ['blanks before what does not belong there', 'respond-async', ' ', 'x'],
  ['blanks in many preferences', '', 'respond-async \t x,', ''],
])('the time that a Prefer header of %s takes grows with its length, not with its square', (...row) => {
  const [, start, part, end] = row
  const [short, long] = [SHORT, SHORT * TIMES_LONGER].map((length) => costOf(start + filled(part, length) + end))
  expect(Number(long) / Number(short)).toBeLessThan(MOST_TIMES_SLOWER)
})
