import { describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { environment } from '../support/gateway.ts'
import {
  divarAt,
  endLease,
  eventually,
  queue,
  chatMessage,
  getMessage,
  spawnReachable,
  startDivar,
  startOn,
  textsReceivedBy,
  until,
} from '../support/outbox.ts'
import { spawnGateway } from '../support/process.ts'
import { startHeldService } from '../support/resolvers.ts'

/** Longer than the machine may take between two steps of a test. */
const PATIENT = { DIVAR_TIMEOUT_MS: '60000', SHUTDOWN_GRACE_MS: '60000' }

test('a second process on one SQLite file ends with 75 and says why, while the first keeps running', async () => {
  const divar = await startDivar()
  const store = await withStore('sqlite')
  const first = await spawnReachable(divar, store)
  const second = spawnGateway({ ...environment(divar.url), ...store })
  expect(await second.exited).toBe(75)
  expect(second.stderr()).toMatch(
    /DATABASE_URL: .*another process has this file open; a SQLite file serves one gateway/,
  )
  expect(second.stdout()).not.toContain('gateway.started')
  await until(first, await queue(first, chatMessage('c-1', 'x')), 'delivered')
  first.kill('SIGKILL')
  await first.exited
  // The lock has died with it.
  const third = await startOn(store, divarAt(divar))
  await until(third, await queue(third, chatMessage('c-1', 'y')), 'delivered')
})

describe.each(DATABASES)('on %s', (kind) => {
  test('SIGTERM lets a delivery finish and its outcome be committed; the next start delivers the rest', async () => {
    const divar = await startDivar()
    const held = await startHeldService('{"status":200}')
    const store = await withStore(kind)
    const heldAt = new URL(held.url).origin
    const first = await spawnReachable(divar, { ...store, ...PATIENT, ...divarAt({ url: heldAt }) })
    const [one, two] = [await queue(first, chatMessage('c-1', 'one')), await queue(first, chatMessage('c-1', 'two'))]
    await held.asked
    first.kill('SIGTERM')
    await first.said('gateway.stopping')
    held.letGo()
    expect(await first.exited).toBe(0)
    expect(first.stdout()).toContain('"drained":true')
    expect(first.stdout()).toMatch(/"event":"message\.delivered".*"state":"delivered"/)
    const second = await startOn(store, divarAt(divar))
    expect(await getMessage(second, one)).toMatchObject({ state: 'delivered', attempts: [{ number: 1 }] })
    expect((await until(second, two, 'delivered')).attempts).toHaveLength(1)
    expect(textsReceivedBy(divar)).toEqual(['two'])
  })

  test('a delivery that outlasts SHUTDOWN_GRACE_MS after SIGTERM is unknown, and the rest stays queued', async () => {
    const divar = await startDivar()
    const store = await withStore(kind)
    const first = await startOn(store, { ...divarAt(divar), ...PATIENT, SHUTDOWN_GRACE_MS: '50' })
    divar.misbehave({ kind: 'silence' })
    const [one, two] = [await queue(first, chatMessage('c-1', 'one')), await queue(first, chatMessage('c-1', 'two'))]
    await eventually(() => Promise.resolve(divar.received[0]), 'the delivery')
    expect(await first.stop()).toBe(false)
    const second = await startOn(store, divarAt(divar))
    expect(await getMessage(second, one)).toMatchObject({ state: 'unknown', attempts: [{ outcome: 'unknown' }] })
    await until(second, two, 'delivered')
    expect(textsReceivedBy(divar)).toEqual(['one', 'two'])
  })

  test('after a kill during attempts their outcome is unknown; only at-least-once messages are retried, and all others are delivered', async () => {
    const divar = await startDivar()
    const store = await withStore(kind)
    const first = await spawnReachable(divar, { ...store, ...PATIENT })
    for (let count = 0; count < 2; count += 1) divar.misbehave({ kind: 'silence' })
    const once = await queue(first, chatMessage('c-1', 'once'))
    const again = await queue(first, { ...chatMessage('c-2', 'again'), delivery: 'at-least-once' })
    const behind = await queue(first, chatMessage('c-1', 'behind'))
    await eventually(() => Promise.resolve(divar.received[1]), 'both attempts')
    first.kill('SIGKILL')
    await first.exited
    if (kind === 'postgres') await endLease(store)
    const second = await startOn(store, divarAt(divar))
    const told = { outcome: 'unknown', reason: 'its gateway ended', status: null }
    // Settled before the gateway was ready.
    expect(await getMessage(second, once)).toMatchObject({ state: 'unknown', attempts: [told] })
    expect((await until(second, again, 'delivered')).attempts).toMatchObject([told, { outcome: 'delivered' }])
    await until(second, behind, 'delivered')
    expect([...textsReceivedBy(divar)].sort()).toEqual(['again', 'again', 'behind', 'once'])
  })
})
