import { copyFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { createLogger } from '../../src/observability/log.ts'
import { createMaintenance, type StoreReadings } from '../../src/outbox/maintenance.ts'
import { createSealer } from '../../src/outbox/payload.ts'
import { ClockWatch } from '../../src/store/clock-watch.ts'
import { newFolder, TEST_KEY } from '../support/databases.ts'
import { metricsOf, seriesOf } from '../support/metrics.ts'
import { queue, chatMessage, eventually, startDivar, startOn, divarAt, until } from '../support/outbox.ts'
import { newStore } from '../support/stores.ts'

const NOBODY = { DIVAR_V1_API_URL: 'http://127.0.0.1:9', DIVAR_API_URL: 'http://127.0.0.1:9' }
/** However often it was tried before, it is tried again soon. */
const SOON = { RETRY_MAX_MS: '1000' }

async function aStore() {
  const [folder, copies] = [await newFolder(), await newFolder()]
  const file = join(folder, 'gateway.db')
  return { file, copies, store: { DATABASE_URL: `file:${file}`, TOKEN_ENCRYPTION_KEY: TEST_KEY, BACKUP_DIR: copies } }
}

describe('BACKUP_DIR', () => {
  test('a restored backup is a complete store: its queued messages are delivered', async () => {
    const { file, copies, store } = await aStore()
    const first = await startOn({ ...store, BACKUP_DIR: '' }, { ...NOBODY, ...SOON })
    // The backup may be taken during an attempt. Only such a message is tried again when its attempt was cut off.
    const id = await queue(first, { ...chatMessage('c-1', 'owed'), delivery: 'at-least-once' })
    await first.stop()
    const second = await startOn(store, { ...NOBODY, ...SOON })
    await second.logged('store.backed_up')
    await second.stop()

    const [copy = '', ...others] = await readdir(copies)
    expect(others).toEqual([])
    expect(copy).toMatch(/^gateway-\d{8}T\d{6}Z\.db$/)
    for (const suffix of ['', '-wal']) await rm(file + suffix, { force: true })
    await copyFile(join(copies, copy), file)

    const divar = await startDivar()
    const restored = await startOn(store, { ...divarAt(divar), ...SOON })
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

  test('the metric of the last backup is the time in the name of the newest one', async () => {
    const { copies, store } = await aStore()
    const gateway = await startOn(store, NOBODY)
    await gateway.logged('store.backed_up')
    const [name = ''] = await readdir(copies)
    const [, year, month, day, hour, minute, second] = /(....)(..)(..)T(..)(..)(..)Z/.exec(name) ?? []
    const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) / 1000
    expect(seriesOf(await metricsOf(gateway)).get('kenar_backup_last_success_timestamp_seconds')).toBe(at)
  })

  test('while the folder of the backups cannot be read, the time of the last one is not known', async () => {
    const store = await newStore('sqlite')
    const log = createLogger('silent')
    const metrics: StoreReadings = {
      queued: undefined,
      rowsUnderOlderKeys: undefined,
      bytes: undefined,
      lastBackupAt: Date.now(),
    }
    const maintenance = createMaintenance({
      store,
      clock: new ClockWatch(store, log, 0),
      sealer: createSealer(createKeyring([Buffer.from(TEST_KEY, 'base64')])),
      retentionMs: 1000,
      timelineMs: 1000,
      backup: { folder: join(await newFolder(), 'gone'), everyMs: 1000, keep: 2 },
      metrics,
      backlog: { correct: () => undefined },
      log,
    })
    maintenance.start()
    await eventually(
      () => Promise.resolve(metrics.lastBackupAt === undefined ? true : undefined),
      'a look at the folder',
    )
    await maintenance.stop()
  })
})
