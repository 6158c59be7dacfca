import { setTimeout } from 'node:timers/promises'
import type { Client, Draft } from './client.ts'
import type { Ledger } from './ledger.ts'
import { textOf } from './platform.ts'
import type { Suite } from './suite.ts'

const LOOK_AGAIN_MS = 2

type LoadOptions = {
  ledger: Ledger
  /** Sends at a time. */
  workers: number
  /** Conversations; a multiple of the workers. */
  conversations: number
  /** Stops by itself after this number of messages. */
  total?: number
  /** Where to send the next message; undefined while there is no gateway. */
  target: () => Client | undefined
  /** Limits the rate or the backlog. */
  maySend?: () => boolean
  /** Every n-th message is sent with at-least-once delivery. */
  atLeastOnceEvery?: number
}

type Load = { done: Promise<void>; stop: () => Promise<void> }

/** Sends messages with rising serials; those of one conversation one after the other. */
export function startLoad(suite: Suite, options: LoadOptions): Load {
  const { workers, conversations } = options
  if (conversations % workers !== 0) throw new Error('conversations must be a multiple of workers')
  const state = { stopped: false }
  const done = Promise.all(Array.from({ length: workers }, (_, worker) => work(options, worker, state))).then(
    () => undefined,
    (error: unknown) => {
      suite.fail(`the load failed: ${String(error)}`)
    },
  )
  return {
    done,
    stop: () => {
      state.stopped = true
      return done
    },
  }
}

async function work(options: LoadOptions, worker: number, state: { stopped: boolean }): Promise<void> {
  const {
    ledger,
    workers,
    conversations,
    total = Infinity,
    target,
    maySend = () => true,
    atLeastOnceEvery = Infinity,
  } = options
  const conversationsOfOne = conversations / workers
  let turn = 0
  while (!state.stopped) {
    const serial = turn * workers + worker
    if (serial >= total) return
    const client = maySend() ? target() : undefined
    if (client === undefined) {
      await setTimeout(LOOK_AGAIN_MS)
      continue
    }
    turn += 1
    const answer = await sendCounted(client, ledger, {
      serial,
      conversation: worker + workers * (Math.floor(serial / workers) % conversationsOfOne),
      text: textOf(serial),
      atLeastOnce: serial % atLeastOnceEvery === atLeastOnceEvery - 1,
    })
    // A gateway that is gone refuses at once; without a pause this loop would block the process.
    if (answer.kind === 'unanswered') await setTimeout(LOOK_AGAIN_MS)
  }
}

/** Sends one message, and counts what became of it. */
export async function sendCounted(client: Client, ledger: Ledger, { serial, ...draft }: Draft & { serial: number }) {
  ledger.sent += 1
  const answer = await client.send(draft)
  if (answer.kind === 'accepted') ledger.acknowledged.set(serial, answer.id)
  else if (answer.kind === 'unanswered') ledger.unanswered += 1
  else {
    ledger.refusals.set(answer.status, (ledger.refusals.get(answer.status) ?? 0) + 1)
    // 504 says that the outcome is not known; every other refusal guarantees that nothing was accepted.
    if (answer.status !== 504) ledger.refusedSerials.add(serial)
  }
  return answer
}
