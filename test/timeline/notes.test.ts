import { expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { createLogger } from '../../src/observability/log.ts'
import { Notes } from '../../src/timeline/notes.ts'
import type { NewNote } from '../../src/store/timeline-store.ts'

const MAX_WAITING = 10_000

test('while the store is slow, notes beyond 10,000 that wait are dropped and counted, and the others are stored later', async () => {
  const stored: NewNote[] = []
  let release = (): void => undefined
  const isFree = new Promise<void>((resolve) => {
    release = resolve
  })
  const store = {
    addNotes: async (notes: readonly NewNote[]) => {
      await isFree
      stored.push(...notes)
    },
  }
  const notes = new Notes(store, createKeyring([Buffer.alloc(32, 1)]), createLogger('fatal'))
  for (let count = 0; count < MAX_WAITING + 5; count += 1) notes.noteNotice('conversation', `evt_${count}`, 'delivered')
  expect(notes.dropped()).toBe(5)
  const flushed = notes.flush()
  release()
  await flushed
  expect(stored.map(({ subject }) => subject)).toEqual(
    Array.from({ length: MAX_WAITING }, (_, count) => `evt_${count}`),
  )
})

test('notes that the store refuses are dropped and counted, and do not disturb the answers', async () => {
  const store = { addNotes: () => Promise.reject(new Error('away')) }
  const notes = new Notes(store, createKeyring([Buffer.alloc(32, 1)]), createLogger('fatal'))
  notes.noteNotice('conversation', 'evt_1', 'delivered')
  await notes.flush()
  expect(notes.dropped()).toBe(1)
})
