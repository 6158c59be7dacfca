import { copyFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { newFolder, TEST_KEY } from '../support/databases.ts'
import { queue, chatMessage, startDivar, startOn, divarAt, until } from '../support/outbox.ts'

const NOBODY = { DIVAR_V1_API_URL: 'http://127.0.0.1:9', DIVAR_API_URL: 'http://127.0.0.1:9' }

async function aStore() {
  const [folder, copies] = [await newFolder(), await newFolder()]
  const file = join(folder, 'gateway.db')
  return { file, copies, store: { DATABASE_URL: `file:${file}`, TOKEN_ENCRYPTION_KEY: TEST_KEY, BACKUP_DIR: copies } }
}

describe('BACKUP_DIR', () => {
  test('a restored backup is a complete store: its queued messages are delivered', async () => {
    const { file, copies, store } = await aStore()
    const first = await startOn({ ...store, BACKUP_DIR: '' }, NOBODY)
    const id = await queue(first, chatMessage('c-1', 'owed'))
    await first.stop()
    const second = await startOn(store, NOBODY)
    await second.logged('store.backed_up')
    await second.stop()

    const [copy = '', ...others] = await readdir(copies)
    expect(others).toEqual([])
    expect(copy).toMatch(/^gateway-\d{8}T\d{6}Z\.db$/)
    for (const suffix of ['', '-wal']) await rm(file + suffix, { force: true })
    await copyFile(join(copies, copy), file)

    const divar = await startDivar()
    const restored = await startOn(store, divarAt(divar))
    await until(restored, id, 'delivered')
    expect(divar.received).toHaveLength(1)
  })

  test('keeps the newest BACKUP_KEEP backups and writes none before the next is due', async () => {
    const { copies, store } = await aStore()
    const old = ['20200101', '20200102', '20200103'].map((day) => `gateway-${day}T000000Z.db`)
    for (const name of [...old, 'of-somebody-else.db']) await writeFile(join(copies, name), '')
    const first = await startOn({ ...store, BACKUP_KEEP: '2' }, NOBODY)
    await first.logged('store.backed_up')
    await first.stop()
    const kept = (await readdir(copies)).sort()
    expect(kept).toEqual([old[2], expect.stringMatching(/^gateway-20(?!20)/), 'of-somebody-else.db'])

    const second = await startOn({ ...store, BACKUP_KEEP: '2' }, NOBODY)
    await second.stop()
    expect((await readdir(copies)).sort()).toEqual(kept)
  })
})
