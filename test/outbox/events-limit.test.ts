import { describe, expect, test } from '@jest/globals'
import type { Outcome } from '../../src/divar/outcome.ts'
import { parseEvent } from '../../src/event/parse-event.ts'
import type { DeliveryTarget } from '../../src/outbox/worker.ts'
import { DATABASES } from '../support/databases.ts'
import { newMessageEvent } from '../support/events.ts'
import { eventually } from '../support/outbox.ts'
import { startOutbox } from '../support/outbox-on-store.ts'

const TEXT = 'x'.repeat(3000)
/** Three events of such a text, but not four. */
const MAX_BYTES = 12_000

/** A service that answers nothing until `accept`. */
function startSlowService() {
  const accepted = Promise.withResolvers<Outcome>()
  const passedOn: string[] = []
  const target: DeliveryTarget = {
    wires: ['event'],
    concurrency: 4,
    deliver: async (id) => {
      const outcome = await accepted.promise
      passedOn.push(id)
      return outcome
    },
    capacity: () => Infinity,
    opensInMs: () => 0,
  }
  const accept = () => {
    accepted.resolve({ kind: 'delivered', status: 204 })
  }
  return { target, passedOn, accept }
}

describe.each(DATABASES)('events that wait on %s', (kind) => {
  test('are bounded by their bytes: the next is refused, a repeat is not, and nothing that was taken is lost', async () => {
    const service = startSlowService()
    const { outbox } = await startOutbox(kind, {
      targets: (real) => [...real, service.target],
      events: { queueLimit: 100, maxBytes: MAX_BYTES },
    })
    const send = async (messageId: string, more: object = { text: TEXT }) => {
      const event = parseEvent(newMessageEvent(messageId, messageId, more))
      return { id: event.id, outcome: await outbox.enqueueEvent(event, 'req_1') }
    }
    const taken = [await send('m-1'), await send('m-2'), await send('m-3')]
    expect(taken.map(({ outcome }) => outcome)).toEqual(['stored', 'stored', 'stored'])
    expect((await send('m-4')).outcome).toBe('full')
    expect((await send('m-1')).outcome).toBe('seen')
    const small = await send('m-5', { text: 'a small one still fits' })
    expect(small.outcome).toBe('stored')

    // The store's own count, which a gateway reads at its start, comes to the same.
    await outbox.readStoreMetrics()
    expect(outbox.metrics.queued).toMatchObject([{ caller: '@events', messages: 4 }])
    expect((await send('m-4')).outcome).toBe('full')

    service.accept()
    await eventually(() => Promise.resolve(service.passedOn.length === 4 || undefined), 'all are passed on')
    const late = await eventually(async () => {
      const sent = await send('m-4')
      return sent.outcome === 'full' ? undefined : sent
    }, 'there is room')
    expect(late.outcome).toBe('stored')
    await eventually(() => Promise.resolve(service.passedOn.length === 5 || undefined), 'the last is passed on')
    const ids = [...taken, small, late].map(({ id }) => id)
    expect(service.passedOn.toSorted()).toEqual(ids.toSorted())
  })
})
