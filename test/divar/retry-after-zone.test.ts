import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import * as z from 'zod'

const READ = `
  const { readRetryAfter } = await import('./src/outbound/host.ts')
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
