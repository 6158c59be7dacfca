import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { originOf } from '../support/listen.ts'
import { startDeadline, withTimeout } from '../../src/base/timeout.ts'

test('a deadline that is stopped after its time but before its callback does not fire', async () => {
  let passed = 0
  await new Promise<void>((resolve) => {
    const stop = startDeadline(20, () => (passed += 1))
    // Of the same length and begun later: it runs directly after the deadline's own timer.
    setTimeout(() => {
      stop()
      resolve()
    }, 20)
  })
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
  expect(passed).toBe(0)
})

test('a deadline fires once', async () => {
  let passed = 0
  await new Promise<void>((resolve) => {
    startDeadline(1, () => {
      passed += 1
      resolve()
    })
  })
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
  expect(passed).toBe(1)
})

test('an answer that arrived while the process stood still is taken, although its time is over', async () => {
  const accepted = Promise.withResolvers<Socket>()
  const { port } = new URL(await originOf(createServer(accepted.resolve)))
  const client = connect(Number(port), '127.0.0.1')
  const server = await accepted.promise
  const received = once(client, 'data').then(String)
  const inTime = withTimeout(10, received)
  server.write('answer')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  expect(await inTime).toEqual({ value: 'answer' })
  client.destroy()
})
