import { expect, test } from '@jest/globals'
import { mountFreezableDisk } from '../support/frozen-disk.ts'
import { newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import { TEST_KEY } from '../support/databases.ts'
import { startOn } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

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
