import { expect, test } from '@jest/globals'
import { startDatabaseProxy } from '../support/database-proxy.ts'
import { mountFreezableDisk } from '../support/frozen-disk.ts'
import { messageIdOf, newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import { DATABASES, TEST_KEY, withStore } from '../support/databases.ts'
import { startOn } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { rowsOf } from '../support/stores.ts'

const disk = mountFreezableDisk()
const testOnDisk = disk === undefined ? test.skip : test

testOnDisk(
  'while the disk does not answer, an event gets 503 within 5 s, and is passed on once when it is sent again',
  async () => {
    if (disk === undefined) return
    const receiver = await startEventReceiver()
    const gateway = await startOn({
      DATABASE_URL: `file:${disk.folder}/gateway.db`,
      TOKEN_ENCRYPTION_KEY: TEST_KEY,
      ...receiver.environment,
    })
    await sendEvent(gateway, newMessageEvent('c-1', 'm-1')).expect(200)
    await receiver.received(1)
    disk.freeze()
    const response = await sendEvent(gateway, newMessageEvent('c-1', 'm-2'))
    disk.thaw()
    expect([response.status, parseJson(response.text)['status']]).toEqual([503, '503'])
    expect(response.headers['retry-after']).toBe('5')
    expect(Number((await gateway.logged('event.refused'))['duration_ms'])).toBeLessThan(5000)
    await sendEvent(gateway, newMessageEvent('c-1', 'm-2')).expect(200)
    await sendEvent(gateway, newMessageEvent('c-1', 'm-3')).expect(200)
    const passed = await receiver.received(3)
    expect(passed.map(({ event }) => event['message'])).toMatchObject([{ id: 'm-1' }, { id: 'm-2' }, { id: 'm-3' }])
  },
)

const testOnPostgres = DATABASES.includes('postgres') ? test : test.skip

testOnPostgres(
  'while PostgreSQL does not answer, events get 503 within 5 s, and are passed on once and in order when they are sent again',
  async () => {
    const receiver = await startEventReceiver()
    const store = await withStore('postgres', receiver.environment)
    const url = String(store['DATABASE_URL'])
    const proxy = await startDatabaseProxy(url)
    const gateway = await startOn(store, { DATABASE_URL: proxy.url })
    const chats = ['a', 'b', 'c']
    const sendTo = (chat: string, number: number) => sendEvent(gateway, newMessageEvent(chat, `${chat}-${number}`))
    await Promise.all(chats.map((chat) => sendTo(chat, 0).expect(200)))
    await receiver.received(chats.length)

    proxy.stallAll()
    const refused = await Promise.all(chats.map((chat) => sendTo(chat, 1)))
    for (const { status, headers } of refused) expect([status, headers['retry-after']]).toEqual([503, '5'])
    const lines = gateway.lines().filter(({ event }) => event === 'event.refused')
    expect(lines).toHaveLength(chats.length)
    for (const line of lines) {
      expect(line).toMatchObject({ level: 'error', code: 'store_unavailable' })
      expect(Number(line['duration_ms'])).toBeLessThan(5000)
    }
    proxy.cutStalled()

    // As a sender does that sends no event of a conversation before the one before it was taken.
    await Promise.all(
      chats.map(async (chat) => {
        for (const number of [1, 2, 3]) while ((await sendTo(chat, number)).status !== 200);
      }),
    )
    const passed = await receiver.received(chats.length * 4)
    const ids = passed.map(({ event }) => messageIdOf(event))
    for (const chat of chats) {
      expect(ids.filter((id) => id.startsWith(chat))).toEqual([0, 1, 2, 3].map((number) => `${chat}-${number}`))
    }
    await gateway.stop()
    expect(await rowsOf(url, "select id from message where wire = 'event'")).toHaveLength(chats.length * 4)
  },
)
