import { describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { problemOf, V2 } from '../support/messages.ts'
import {
  divarAt,
  endLease,
  eventually,
  idOf,
  post,
  getMessage,
  spawnReachable,
  startDivar,
  startOn,
  textsReceivedBy,
  until,
} from '../support/outbox.ts'

const KEY = { 'idempotency-key': 'k-1' }

describe.each(DATABASES)('on %s, after a kill in the middle of an attempt', (kind) => {
  test('a repeat gets 504 unknown with the same id, and Divar got the message once', async () => {
    const divar = await startDivar()
    const environment = await withStore(kind)
    const first = await spawnReachable(divar, { ...environment, DIVAR_TIMEOUT_MS: '60000' })
    divar.misbehave({ kind: 'silence' })
    const cutOff = post(first, { ...V2, delivery: 'at-least-once' }, KEY).then(
      () => 'answered',
      () => 'cut off',
    )
    // Only then the next, so that it is the first one that Divar never answers.
    await eventually(() => Promise.resolve(divar.received[0]), 'the first at Divar')
    const queued = idOf(await post(first, { conversation_id: 'c-2', message: 'queued' }, { prefer: 'respond-async' }))
    await until(first, queued, 'delivered')
    first.kill('SIGKILL')
    await first.exited
    expect(await cutOff).toBe('cut off')
    if (kind === 'postgres') await endLease(environment)

    const second = await startOn(environment, divarAt(divar))
    const response = await post(second, { ...V2, delivery: 'at-least-once' }, KEY)
    const problem = problemOf(response)
    expect(problem).toMatchObject({ status: 504, code: 'unknown', retryable: false })
    expect(await getMessage(second, idOf(response))).toMatchObject({
      state: 'unknown',
      attempts: [{ number: 1, outcome: 'unknown', reason: 'its gateway ended' }],
    })
    const again = problemOf(await post(second, { ...V2, delivery: 'at-least-once' }, KEY))
    expect(again).toMatchObject({ status: 504, id: problem['id'] })
    expect(problemOf(await post(second, V2, KEY))).toMatchObject({ status: 422 })
    expect(textsReceivedBy(divar).filter((text) => text === V2.message)).toHaveLength(1)
  })
})
