import { randomBytes } from 'node:crypto'
import { batched } from '../../src/store/batch.ts'
import type { Accepted, NewMessage } from '../../src/store/store.ts'
import type { Database } from './databases.ts'
import { environment } from './environment.ts'
import { spawnGateway } from './gateway.ts'
import { Ledger } from './ledger.ts'
import { BODY_BYTES, newMessage, openOwnStore } from './opened-store.ts'
import { acceptAfter, startPlatform, textOf } from './platform.ts'
import type { Suite } from './suite.ts'

/** As src/outbox/enqueue.ts has it. */
const BATCH = { maxItems: 100, maxRunning: 2, maxWaiting: 10_000 }
const CONVERSATIONS = 1000
/** While messages are taken in, the platform is so slow that next to nothing goes out. */
const SLOW_MS = 3000
const DRAINED_WITHIN_MS = 300_000

/** The store, with the gateway's batching in front. */
export async function prepareStore(suite: Suite, database: Database): Promise<{ accept: () => Promise<unknown> }> {
  const store = await openOwnStore(suite, database)
  const accept = batched<NewMessage, Accepted>((messages) => store.accept(messages), BATCH)
  const body = randomBytes(BODY_BYTES)
  const conversations = Array.from({ length: CONVERSATIONS }, () => randomBytes(32).toString('hex'))
  return {
    accept: () =>
      accept(newMessage(`msg_${randomBytes(18).toString('base64url')}`, suite.random.pick(conversations) ?? '', body)),
  }
}

type Http = {
  send: () => Promise<unknown>
  /** Lets all go that was sent, and answers how many a second went. */
  drain: () => Promise<number>
}

/** A whole gateway, over its socket. */
export async function prepareHttp(suite: Suite, database: Database): Promise<Http> {
  const ledger = new Ledger()
  let isSlow = true
  const platformUrl = await startPlatform(suite, ledger, () => (isSlow ? acceptAfter(SLOW_MS) : undefined))
  const gateway = spawnGateway(suite, environment(platformUrl, database.url))
  const { client } = await gateway.ready
  return {
    send: async () => {
      const serial = (ledger.sent += 1)
      const answer = await client.send({
        conversation: serial % CONVERSATIONS,
        text: textOf(serial),
        atLeastOnce: false,
      })
      if (answer.kind !== 'accepted') throw new Error(`a send was not acknowledged: ${JSON.stringify(answer)}`)
      ledger.acknowledged.set(serial, answer.id)
    },
    drain: async () => {
      isSlow = false
      // What came while it was slow is answered slowly; the time runs from when the last of these is through.
      await suite.until('the slow answers are given', () => ledger.running === 0, 2 * SLOW_MS)
      const [before, begun] = [ledger.delivered, performance.now()]
      const ms = await suite.until('all is delivered', () => ledger.backlog === 0, DRAINED_WITHIN_MS)
      if (ms === undefined) throw new Error(`${ledger.backlog} messages were not delivered in time`)
      const rate = ((ledger.delivered - before) / (performance.now() - begun)) * 1000
      await gateway.stop()
      return rate
    },
  }
}
