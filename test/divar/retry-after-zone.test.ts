import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, jest, test } from '@jest/globals'
import * as z from 'zod'
import { readRetryAfter } from '../../src/base/rate-limit.ts'

const READ = `
  const { readRetryAfter } = await import('./src/base/rate-limit.ts')
  const inAMinute = new Date(Date.now() + 60_000)
  const [weekday, day, month, year, time] = inAMinute.toUTCString().replace(',', '').split(' ')
  const asctime = weekday + ' ' + month + ' ' + day.replace(/^0/, ' ') + ' ' + time + ' ' + year
  console.log(JSON.stringify([readRetryAfter(asctime), readRetryAfter(inAMinute.toUTCString())]))
`

test.each(['UTC', 'Asia/Tehran', 'America/Los_Angeles'])(
  'a Retry-After in the asctime form is read as UTC, also on a machine in %s',
  async (zone) => {
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', READ], {
      env: { ...process.env, TZ: zone },
    })
    const [asctime = 0, imf = 0] = z.array(z.number()).parse(JSON.parse(stdout))
    expect(imf).toBeGreaterThan(55)
    expect(Math.abs(asctime - imf)).toBeLessThanOrEqual(1)
  },
)

test('a Retry-After date is waited for in full, to the next whole second', () => {
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 0, 1, 0, 0, 0, 500))
  expect(readRetryAfter('Thu, 01 Jan 2026 00:00:10 GMT')).toBe(10)
  now.mockRestore()
})
