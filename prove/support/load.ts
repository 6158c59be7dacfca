import { setTimeout } from 'node:timers/promises'
import type { Client, Draft } from './client.ts'
import type { Ledger } from './ledger.ts'
import { textOf } from './platform.ts'
import type { Suite } from './suite.ts'

const LOOK_AGAIN_MS = 2

/** Who sends how fast. `Target` is a running gateway. */
export type Pacing<Target> = {
  /** Sends at a time. */
  workers: number
  /** Conversations; a multiple of the workers. */
  conversations: number
  /** How many in a row are of one conversation; by default 1. */
  burst?: number
  /** Stops by itself after this number of serials. */
  total?: number
  /** Where to send next; undefined while there is no gateway. */
  target: () => Target | undefined
  /** Limits the rate or the backlog. */
  maySend?: () => boolean
}

type LoadOptions = Pacing<Client> & {
  ledger: Ledger
  /** Every n-th message is sent with at-least-once delivery. */
  atLeastOnceEvery?: number
}

/** `again`: the next send is of the same serial. */
export type Turn = { isAnswered: boolean; again?: boolean }

type Load = { done: Promise<void>; stop: () => Promise<void> }

/** Sends messages with rising serials; those of one conversation one after the other. */
export function startLoad(suite: Suite, { ledger, atLeastOnceEvery = Infinity, ...pacing }: LoadOptions): Load {
  return startTurns(suite, pacing, async (client, serial, conversation) => {
    const answer = await sendCounted(client, ledger, {
      serial,
      conversation,
      text: textOf(serial),
      atLeastOnce: serial % atLeastOnceEvery === atLeastOnceEvery - 1,
    })
    return { isAnswered: answer.kind !== 'unanswered' }
  })
}

/** Calls `send` with rising serials; those of one conversation one after the other. */
export function startTurns<Target>(
  suite: Suite,
  pacing: Pacing<Target>,
  send: (target: Target, serial: number, conversation: number) => Promise<Turn>,
): Load {
  const { workers, conversations, burst = 1, total = Infinity, target, maySend = () => true } = pacing
  if (conversations % workers !== 0) throw new Error('conversations must be a multiple of workers')
  const conversationsOfOne = conversations / workers
  const state = { stopped: false }

  const work = async (worker: number): Promise<void> => {
    let turn = 0
    while (!state.stopped) {
      const serial = turn * workers + worker
      if (serial >= total) return
      const open = maySend() ? target() : undefined
      if (open === undefined) {
        await setTimeout(LOOK_AGAIN_MS)
        continue
      }
      const conversation = worker + workers * (Math.floor(turn / burst) % conversationsOfOne)
      const { isAnswered, again = false } = await send(open, serial, conversation)
      if (!again) turn += 1
      // A gateway that is gone refuses at once; without a pause this loop would block the process.
      if (!isAnswered) await setTimeout(LOOK_AGAIN_MS)
    }
  }

  const done = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker))).then(
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
