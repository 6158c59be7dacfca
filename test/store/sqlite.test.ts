import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { createLogger } from '../../src/observability/log.ts'
import { openStore } from '../../src/store/open.ts'
import { StoreWatch } from '../../src/store/store-watch.ts'
import { StoreError, type Store } from '../../src/store/store.ts'
import { newDatabase, newFolder } from '../support/databases.ts'
import {
  acceptedAndClaimed,
  ALL,
  claimed,
  closeStore,
  finish,
  idsOf,
  newMessage,
  newStore,
  openAt,
  sealed,
  textOf,
} from '../support/stores.ts'

const TAKEN = 'another process has this file open; a SQLite file serves one gateway'

const children = new Set<ChildProcess>()
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

/** Runs a module in a process of its own; resolves with what it says first, or with nothing when it ends before. */
async function inProcess(code: string): Promise<{ said: string; killed: () => Promise<unknown> }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  const exited = once(child, 'close')
  const said = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), exited.then(() => [''])])
  return {
    said: z.string().parse(said[0]).trim(),
    killed: () => {
      child.kill('SIGKILL')
      return exited
    },
  }
}

function source(path: string): string {
  return JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
}

/** Opens the store as a gateway does, and keeps it open. */
function openElsewhere(url: string, then = ''): ReturnType<typeof inProcess> {
  return inProcess(`
    import { createLogger } from ${source('observability/log.ts')}
    import { openStore } from ${source('store/open.ts')}
    const address = { kind: 'sqlite', file: ${JSON.stringify(fileURLToPath(url))} }
    const store = await openStore(address, createLogger('silent')).catch((error) => console.log(error.message))
    ${then}
    if (store) console.log('open')`)
}

describe('a SQLite file', () => {
  test('can be opened once, under any of its names', async () => {
    const url = await newDatabase('sqlite')
    const store = await openAt(url)
    const link = pathToFileURL(join(await newFolder(), 'link.db')).href
    await symlink(fileURLToPath(url), fileURLToPath(link))
    await expect(openAt(url)).rejects.toMatchObject({
      name: 'StoreSetupError',
      message: `${fileURLToPath(url)}: ${TAKEN}`,
      isTemporary: true,
    })
    await expect(openAt(link)).rejects.toMatchObject({
      name: 'StoreSetupError',
      message: `${fileURLToPath(link)}: ${TAKEN}`,
    })
    expect((await openElsewhere(link)).said).toBe(`${fileURLToPath(link)}: ${TAKEN}`)
    expect(await store.accept([newMessage()])).toEqual([{ kind: 'accepted' }])
  })

  test('can be opened again once its store is closed, with all content', async () => {
    const url = await newDatabase('sqlite')
    const store = await openAt(url)
    const message = newMessage()
    await store.accept([message])
    await closeStore(store)
    expect(idsOf(await claimed(await openAt(url)))).toEqual([message.id])
  })

  test('can be opened again after its process was killed, with everything that was answered', async () => {
    const url = await newDatabase('sqlite')
    const message = newMessage({ body: sealed('سلام') })
    const accept = `await store.accept([{ ...${JSON.stringify(message)}, body: { keyId: 'key-1', bytes: Buffer.from('سلام') } }])
      await store.claim('gw-killed', 'v2', 1)
      await store.begin('gw-killed', ['${message.id}'])`
    const other = await openElsewhere(url, accept)
    expect(other.said).toBe('open')
    await expect(openAt(url)).rejects.toThrow(TAKEN)
    await other.killed()
    const store = await openAt(url)
    const [left, ...others] = await store.adopt('gw-1', ALL)
    expect(others).toEqual([])
    expect(left).toMatchObject({ id: message.id, attemptOpen: true, takenOver: true })
    expect(textOf(left?.body)).toBe('سلام')
  })

  test('has every commit in its log before the answer', async () => {
    const url = await newDatabase('sqlite')
    const store = await openAt(url)
    await store.accept([newMessage()])
    const { size } = await stat(`${fileURLToPath(url)}-wal`)
    await store.accept([newMessage({ body: sealed('x'.repeat(8192)) })])
    expect((await stat(`${fileURLToPath(url)}-wal`)).size).toBeGreaterThan(size + 8192)
  })

  test('keeps no bytes of wiped content', async () => {
    const url = await newDatabase('sqlite')
    const store = await openAt(url)
    const [kept, ...wiped] = Array.from({ length: 20 }, (_, index) => `canary ${index}. ${'x'.repeat(index * 300)}`)
    for (const text of wiped) await finish(store, [await acceptedAndClaimed(store, { body: sealed(text) })])
    const { id } = newMessage()
    await store.accept([newMessage({ id, body: sealed(wiped[0] ?? '') })])
    await store.cancel('orders', id)
    await store.accept([newMessage({ body: sealed(kept ?? '') })])
    await closeStore(store)
    const bytes = await readFile(new URL(url))
    expect(bytes.includes('canary 0.')).toBe(true)
    expect(bytes.toString('latin1').match(/canary \d+/g)).toEqual(['canary 0'])
    expect(existsSync(`${fileURLToPath(url)}-wal`)).toBe(false)
  })

  test.each([
    ['in a folder that is missing', 'missing/gateway.db', 'cannot be opened; its folder must exist and be writable'],
    ['that is a folder', 'folder', 'cannot be opened; its folder must exist and be writable'],
    ['that is not a database', 'text', 'is no SQLite database'],
  ])('%s is refused with a clear message', async (_, name, why) => {
    const folder = await newFolder()
    await mkdir(join(folder, 'folder'))
    const text = 'This is a text, and a long one. '.repeat(200)
    await writeFile(join(folder, 'text'), text)
    const file = join(folder, name)
    await expect(openAt(pathToFileURL(file).href)).rejects.toMatchObject({
      name: 'StoreSetupError',
      message: `${file}: ${why}`,
    })
    expect(await readFile(join(folder, 'text'), 'utf8')).toBe(text)
  })

  test('that cannot be written to is refused with a clear message', async () => {
    const [url, readable] = [await newDatabase('sqlite'), await newDatabase('sqlite')]
    await closeStore(await openAt(url))
    await chmod(new URL(url), 0o444)
    await chmod(new URL('.', url), 0o755)
    // Root may write anywhere, so the process changes its user once everything is loaded.
    const { said } = await inProcess(`
      import { openSqlite } from ${source('store/sqlite/open.ts')}
      await (await openSqlite(${JSON.stringify(fileURLToPath(readable))})).close()
      if (process.getuid() === 0) process.seteuid(65534)
      await openSqlite(${JSON.stringify(fileURLToPath(url))}).catch((error) => console.log(error.message))`)
    expect(said).toBe(`${fileURLToPath(url)}: cannot be locked; it must be writable, on a file system that has locks`)
  })
})

test('a failed call to a SQLite file means at once that the store is away', async () => {
  const file = fileURLToPath(await newDatabase('sqlite'))
  const log = createLogger('silent')
  const watch = new StoreWatch(log)
  const store = await openStore({ kind: 'sqlite', file }, log, watch)
  await store.accept([newMessage()])
  expect(watch.isUp()).toBe(true)
  await rm(file)
  await expect(store.accept([newMessage()])).rejects.toThrow(StoreError)
  expect(watch.isUp()).toBe(false)
  await store.close()
})

describe('a backup', () => {
  let store: Store
  beforeAll(async () => {
    store = await newStore('sqlite')
  })

  test('is a store with everything from its start, made while other calls run', async () => {
    const before = Array.from({ length: 100 }, () => newMessage({ body: sealed('x'.repeat(10_000)) }))
    await store.accept(before)
    const copy = pathToFileURL(join(await newFolder(), 'copy.db')).href
    const during = Array.from({ length: 50 }, () => newMessage())
    const copying = store.backup?.(fileURLToPath(copy))
    for (const message of during) await store.accept([message])
    await copying
    expect(await claimed(store)).toHaveLength(150)
    const ids = idsOf(await claimed(await openAt(copy)))
    expect(ids.slice(0, 100)).toEqual(idsOf(before))
    expect(ids.slice(100)).toEqual(idsOf(during).slice(0, ids.length - 100))
  })

  test('that cannot be written fails, and no other call does', async () => {
    const nowhere = join(await newFolder(), 'missing', 'copy.db')
    await expect(store.backup?.(nowhere)).rejects.toThrow(StoreError)
    expect(await store.accept([newMessage()])).toEqual([{ kind: 'accepted' }])
  })
})

describe('a SQLite store that is closed', () => {
  test('refuses every call at once, and can be closed again', async () => {
    const store = await newStore('sqlite')
    const asked = [store.accept([newMessage()]), store.ping()]
    await Promise.all([...asked, store.close(), store.close()])
    await expect(store.ping()).rejects.toThrow(new StoreError('the store is closed', undefined))
    await expect(store.backup?.('copy.db')).rejects.toThrow(StoreError)
    await store.close()
  })
})
