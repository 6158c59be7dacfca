import { describe, expect, test } from '@jest/globals'
import { DATABASES } from '../support/databases.ts'
import { V1 } from '../support/messages.ts'
import { chatMessage, textsReceivedBy } from '../support/outbox.ts'
import { startOutbox } from '../support/outbox-on-store.ts'

const BACKLOG = 20

describe.each(DATABASES)('with many messages on one wire on %s', (kind) => {
  test.each([
    ['v1', 'v2', 1],
    ['v2', 'v1', 1],
    ['v1', 'v2', 2],
  ] as const)(
    'a backlog on %s does not delay a message on %s, with a concurrency of %d',
    async (busy, other, concurrency) => {
      const open = Promise.withResolvers<undefined>()
      const { queue, until, divar } = await startOutbox(kind, {
        more: { OUTBOX_CONCURRENCY: String(concurrency) },
        targets: (real) =>
          real.map((target) => ({
            ...target,
            deliver: async (...parameters) => {
              await open.promise
              return target.deliver(...parameters)
            },
          })),
      })
      const bodies = {
        v1: (text: string) => ({ ...V1, post_token: `post-${text}`, message: text }),
        v2: (text: string) => chatMessage(`c-${text}`, text),
      }
      const ids = await Promise.all(Array.from({ length: BACKLOG }, (_, index) => queue(bodies[busy](`busy ${index}`))))
      const last = await queue(bodies[other]('other'))
      open.resolve(undefined)
      await until(last, ({ state }) => state === 'delivered')
      expect(textsReceivedBy(divar).indexOf('other')).toBeLessThan(4 * concurrency)
      for (const id of ids) await until(id, ({ state }) => state === 'delivered')
      expect(textsReceivedBy(divar)).toHaveLength(BACKLOG + 1)
    },
  )
})
