import { afterEach } from '@jest/globals'
import type { Poller } from '../../src/base/poller.ts'
import { createLogger } from '../../src/observability/log.ts'
import { createWorker, RateLimitHold, type DeliveryTarget, type WorkerOptions } from '../../src/outbox/worker.ts'
import { Pacing } from '../../src/outbox/pacing.ts'
import type { Claim, Claimed, ClaimOptions, SendLimits, Wire } from '../../src/store/store.ts'
import { newStore } from './stores.ts'

const workers: Pick<Poller, 'stop'>[] = []
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop())))

type Parts = {
  claim: (wire: Wire, limit: number, options: ClaimOptions | undefined) => Promise<Claim>
  target?: Partial<DeliveryTarget>
  /** The app's own limits. */
  limits?: SendLimits
  deliverClaimed?: WorkerOptions['deliverClaimed']
}

/** A worker whose store answers each claim as the test says, and the wires that were claimed. */
export async function startWorker({ claim, target, limits, deliverClaimed = () => Promise.resolve() }: Parts) {
  const asked: Wire[] = []
  const released: string[] = []
  const store = {
    ...(await newStore('sqlite')),
    claim: (_owner: string, wire: Wire, limit: number, options?: ClaimOptions) => {
      asked.push(wire)
      return claim(wire, limit, options)
    },
  }
  const log = createLogger('silent')
  const rateLimitHold = new RateLimitHold(log)
  const worker = createWorker({
    store,
    owner: 'gw-1',
    probeLeaseMs: 10_000,
    target: {
      wires: ['v2'],
      concurrency: 4,
      deliver: () => Promise.reject(new Error('nothing is delivered here')),
      capacity: () => Infinity,
      opensInMs: () => 0,
      ...target,
    },
    rateLimitHold,
    pacing: limits && new Pacing({ store, limits, log }),
    deliverClaimed,
    release: (id) => {
      released.push(id)
      return Promise.resolve()
    },
    log,
  })
  workers.push(worker)
  return { worker, rateLimitHold, asked, released }
}

export function messageOn(wire: Wire, id = 'msg_1'): Claimed {
  return {
    id,
    caller: 'orders',
    wire,
    conversation: 'c-1',
    inLine: true,
    atLeastOnce: false,
    unsure: false,
    attempts: 0,
    tryForMs: 60_000,
    requestId: 'req_1',
    body: undefined,
    isProbe: false,
  }
}
