import { describe, expect, test } from '@jest/globals'
import { DATABASES, TEST_KEY, withStore } from '../support/databases.ts'
import { newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import { startOn } from '../support/outbox.ts'
import { rowsOf } from '../support/stores.ts'

const onPostgres = DATABASES.includes('postgres') ? describe : describe.skip
const NEW_KEY = Buffer.alloc(32, 9).toString('base64')

onPostgres('two gateways on one PostgreSQL', () => {
  test.each([
    ['', TEST_KEY, TEST_KEY],
    [', also while a new encryption key is rolled out', `${TEST_KEY},${NEW_KEY}`, `${NEW_KEY},${TEST_KEY}`],
  ])('pass on once an event that both of them get at the same time%s', async (_, ofOne, ofOther) => {
    const receiver = await startEventReceiver()
    const store = await withStore('postgres', receiver.environment)
    const both = [
      await startOn(store, { TOKEN_ENCRYPTION_KEY: ofOne }),
      await startOn(store, { TOKEN_ENCRYPTION_KEY: ofOther }),
    ]
    const ids = Array.from({ length: 40 }, (_, number) => `m-${number}`)
    const answers = await Promise.all(
      ids.flatMap((id, number) => both.map((one) => sendEvent(one, newMessageEvent(`c-${number}`, id)))),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    // Later repeats are recognized by either of them as well.
    await Promise.all(both.map((one) => sendEvent(one, newMessageEvent('c-0', 'm-0')).expect(200)))
    await receiver.received(ids.length)
    const stored = await rowsOf(String(store['DATABASE_URL']), "select id from message where wire = 'event'")
    expect(stored).toHaveLength(ids.length)
    const logged = both.flatMap((one) => one.lines().map(({ event }) => event))
    expect(logged.filter((event) => event === 'event.seen')).toHaveLength(ids.length + 2)
  })
})
