import { afterEach } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import { createKeyring } from '../../src/base/keyring.ts'
import { createLogger } from '../../src/observability/log.ts'
import { readTrace } from '../../src/observability/trace.ts'
import { createDeliverBy } from '../../src/consent/deliver-by.ts'
import type { Outcome } from '../../src/divar/outcome.ts'
import { parseSend } from '../../src/message/parse-message.ts'
import type { DeliveryTarget } from '../../src/outbox/worker.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { payloadDelivery } from '../../src/outbox/payload.ts'
import type { AttemptedNow, StoredSend } from '../../src/outbox/enqueue.ts'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { createDivar, Upstreams } from '../../src/app/upstreams.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { ClockWatch } from '../../src/store/clock-watch.ts'
import type { MessageRecord, Store } from '../../src/store/store.ts'
import { withStore } from './databases.ts'
import { environment, KEYS } from './gateway.ts'
import { eventually, startDivar, type DatabaseKind } from './outbox.ts'
import { openAt } from './stores.ts'

const CALLER = 'orders'

const running: (() => Promise<unknown>)[] = []
afterEach(() => Promise.all(running.splice(0).map((stop) => stop())))

type TestOutboxOptions = {
  /** Calls of the store that the outbox gets in place of the real ones. */
  calls?: (real: Store) => Partial<Store>
  /** The outbox's delivery targets in place of those to Divar. */
  targets?: (real: DeliveryTarget[]) => DeliveryTarget[]
  /** The limits of waiting events; without them the outbox takes none. */
  events?: { queueLimit: number; maxBytes: number }
  more?: Environment
}

type TestOutbox = {
  outbox: Outbox
  /** The real one. */
  store: Store
  divar: Simulator
  /** One attempt that is not stored, behind the same breaker. */
  deliver: (body: object) => Promise<Outcome>
  /** Queues a message; its id. */
  queue: (body: object) => Promise<string>
  /** A synchronous send under a key. */
  attempt: (body: object, key: string) => Promise<AttemptedNow>
  sendOf: (body: object) => StoredSend
  find: (id: string) => Promise<MessageRecord>
  /** Waits until the message matches. */
  until: (id: string, isIt: (message: MessageRecord) => boolean) => Promise<MessageRecord>
}

/** An outbox on a real store, some of whose calls may be the test's own; the simulator is its Divar. It is stopped after the tests of the file. */
export async function startOutbox(
  kind: DatabaseKind,
  { calls = () => ({}), targets = (real) => real, events, more = {} }: TestOutboxOptions = {},
): Promise<TestOutbox> {
  const divar = await startDivar()
  const stored = await withStore(kind, more)
  const config = readConfig({ ...environment(divar.url), ...stored })
  if (config.store === undefined) throw new Error('no store')
  const log = createLogger('silent')
  const upstreams = new Upstreams(log)
  const reached = createDivar(config, upstreams)
  const by = createDeliverBy(reached.deliver, undefined)
  const store = await openAt(String(stored['DATABASE_URL']))
  const given = { ...store, ...calls(store) }
  const outbox = createOutbox({
    store: given,
    clock: new ClockWatch(given, log, config.store.deleteAfterStartMs),
    keyring: createKeyring(config.store.keys),
    targets: targets(reached.targets(payloadDelivery(by))),
    retry: config.store.retry,
    retentionMs: config.store.retentionMs,
    timelineMs: config.store.timelineMs,
    noteNotice: undefined,
    queueLimit: config.store.queueLimit,
    eventsQueueLimit: events?.queueLimit,
    ...(events && { maxEventsBytes: events.maxBytes }),
    probeLeaseMs: 10_000,
    statusWebhook: false,
    backup: undefined,
    spans: undefined,
    log,
  })
  running.push(async () => {
    await upstreams.destroy()
    await outbox.close()
  })
  await outbox.start()
  const find = async (id: string) => {
    const message = await store.find(CALLER, id)
    if (message === undefined) throw new Error(`no message ${id}`)
    return message
  }
  return {
    outbox,
    store,
    divar,
    deliver: (body) => {
      const { message, credential } = newSend(body)
      return by(message, credential, readTrace(undefined))
    },
    queue: async (body) => {
      const send = newSend(body)
      const queued = await outbox.enqueue(send, 'promised')
      if (queued.kind !== 'accepted') throw new Error(`not accepted but ${queued.kind}`)
      return send.id
    },
    attempt: (body, idempotencyKey) => {
      const send = newSend(body)
      const deliver = () => by(send.message, send.credential, readTrace(undefined))
      return outbox.attemptNow({ ...send, idempotencyKey }, deliver, ({ kind }) => kind)
    },
    sendOf: newSend,
    find,
    until: (id, isIt) =>
      eventually(async () => {
        const message = await find(id)
        return isIt(message) ? message : undefined
      }, `the wanted state of ${id}`),
  }
}

function newSend(body: object): StoredSend {
  return {
    ...parseSend(body),
    id: newId('msg'),
    caller: CALLER,
    credential: { kind: 'token', userToken: KEYS.token },
    requestId: 'req_1',
  }
}
