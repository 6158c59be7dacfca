import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { withStore } from '../support/databases.ts'
import { problemOf, V1 } from '../support/messages.ts'
import { eventually, idOf, listMessages, post, queue, chatMessage, startOn, until } from '../support/outbox.ts'
import { click, CLICK, parseJson } from '../support/requests.ts'

const ASYNC = { prefer: 'respond-async' }
const REFUSED = { status: 503, code: 'store_unavailable' }

test('a SQLite file that is removed or replaced while open accepts nothing until it is back', async () => {
  const store = await withStore('sqlite')
  const path = fileURLToPath(String(store['DATABASE_URL']))
  const gateway = await startOn(store)
  await until(gateway, await queue(gateway, V1), 'delivered')

  renameSync(path, `${path}.moved`)
  expect(problemOf(await post(gateway, chatMessage('c-1', 'removed'), ASYNC))).toMatchObject(REFUSED)
  expect(await gateway.logged('store.away')).toMatchObject({ error_code: 'STORE_FILE_REPLACED' })
  copyFileSync(`${path}.moved`, path)
  expect(problemOf(await post(gateway, chatMessage('c-1', 'replaced'), ASYNC))).toMatchObject(REFUSED)

  rmSync(path)
  renameSync(`${path}.moved`, path)
  const id = await eventually(async () => {
    const response = await post(gateway, chatMessage('c-1', 'back'), ASYNC)
    return response.status === 202 ? idOf(response) : undefined
  }, 'an accepted message')
  await until(gateway, id, 'delivered')
  expect((await listMessages(gateway)).messages).toHaveLength(2)
})

test('a SQLite file whose write-ahead log is removed accepts nothing', async () => {
  const store = await withStore('sqlite')
  const gateway = await startOn(store)
  rmSync(`${fileURLToPath(String(store['DATABASE_URL']))}-wal`)
  expect(problemOf(await post(gateway, V1, ASYNC))).toMatchObject(REFUSED)
})

test.each([
  [
    'the fallback landing',
    'https://app.example.com/fallback',
    { status: 200, url: 'https://app.example.com/fallback' },
  ],
  ['503 without a fallback landing', undefined, { status: 503, url: '' }],
])('while a SQLite file is missing, a click whose landing needs the store gets %s', async (_, fallback, expected) => {
  const store = await withStore('sqlite')
  const gateway = await startOn(store, {
    LANDING_URL_TEMPLATE: 'https://app.example.com/{click_id}',
    ...(fallback !== undefined && { FALLBACK_LANDING_URL: fallback }),
  })
  rmSync(fileURLToPath(String(store['DATABASE_URL'])))
  const { status, text } = await click(gateway, CLICK)
  expect({ status, url: parseJson(text)['url'] }).toEqual(expected)
})
