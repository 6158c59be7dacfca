import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { TEST_KEY } from '../support/databases.ts'
import { problemOf, V1, V2 } from '../support/messages.ts'
import { eventually, idOf, listMessages, post, queue, chatMessage, startOn, until } from '../support/outbox.ts'
import { reportMissing } from '../support/programs.ts'

const SIZE = 4 * 1024 * 1024

/** A small disk, where this process may mount one. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmSync(folder, { recursive: true })
    reportMissing('the right to mount', 'a full disk is not tried')
    return undefined
  }
}

const disk = mountSmallDisk()
afterAll(() => {
  if (disk === undefined) return
  execFileSync('umount', ['-l', disk])
  rmSync(disk, { recursive: true })
})

const name = 'SQLite on a full disk accepts nothing, loses nothing, and continues once there is room'
const run = disk === undefined ? test.skip : test
run(disk === undefined ? `${name} (skipped: nothing can be mounted here)` : name, async () => {
  const folder = disk ?? ''
  const gateway = await startOn({ DATABASE_URL: `file:${join(folder, 'gateway.db')}`, TOKEN_ENCRYPTION_KEY: TEST_KEY })
  await until(gateway, await queue(gateway, V1), 'delivered')
  gateway.divar.misbehave({ kind: 'answer', status: 200, body: '{"status":200}', delayMs: 3000 })
  const owed = await queue(gateway, V2)
  await until(gateway, owed, 'sending', ({ attempts }) => attempts.length === 1)

  for (const size of [64 * 1024, 4096]) {
    expect(() => {
      for (let index = 0; ; index += 1) writeFileSync(join(folder, `ballast-${size}-${index}`), Buffer.alloc(size))
    }).toThrow('ENOSPC')
  }

  for (const headers of [{ prefer: 'respond-async' }, { 'idempotency-key': 'k-1' }]) {
    const response = await post(gateway, chatMessage('c-2', 'not promised'), headers)
    expect(problemOf(response)).toMatchObject({ status: 503, code: 'store_unavailable' })
    expect(response.headers['retry-after']).toBe('5')
  }
  expect((await post(gateway, chatMessage('c-2', 'now'))).status).toBe(200)
  // The outcome of what was on its way waits for room as well.
  await gateway.loggedWhen((all) => all.some(({ event, what }) => event === 'store.failed' && what === 'finish'))

  for (const file of readdirSync(folder)) if (file.startsWith('ballast')) rmSync(join(folder, file))
  expect((await until(gateway, owed, 'delivered')).attempts).toHaveLength(1)
  const id = await eventually(async () => {
    const response = await post(gateway, chatMessage('c-2', 'promised'), { prefer: 'respond-async' })
    return response.status === 202 ? idOf(response) : undefined
  }, 'room')
  await until(gateway, id, 'delivered')
  expect((await listMessages(gateway)).messages).toHaveLength(3)
})
