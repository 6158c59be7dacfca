import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { newId } from '../../src/base/id.ts'
import type { Finish, MessageState, Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import { ALL, claimed, finish, idsOf, MINUTE_MS, newMessage, newStore, claimLeftovers } from '../support/stores.ts'

const NEXT: readonly Finish['next'][] = [
  { state: 'queued', inMs: 0, unsure: false },
  { state: 'queued', inMs: MINUTE_MS, unsure: true },
  { state: 'delivered' },
  { state: 'rejected' },
  { state: 'failed' },
  { state: 'unknown' },
]

/** These can be retried. */
const KEPT: readonly MessageState[] = ['rejected', 'failed', 'unknown']

const conversation = fc.constantFrom('a', 'b', 'c')
const owner = fc.constantFrom('gw-1', 'gw-2')
/** Any of the messages so far. */
const which = fc.nat()
const limit = fc.integer({ min: 1, max: 3 })

/** One call, of the real store and of the model. */
type Step = (model: Model) => Promise<void>

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .array(conversation, { minLength: 1, maxLength: 4 })
    .map((to) => named(`accept ${to.join()}`, (model) => model.accept(to))),
  fc.tuple(conversation, owner).map(([to, by]) => named(`attempt now ${to} ${by}`, (model) => model.accept([to], by))),
  fc.tuple(owner, limit).map(([by, most]) => named(`claim ${by} ${most}`, (model) => model.claim(by, most))),
  owner.map((by) => named(`begin ${by}`, (model) => model.begin(by))),
  fc
    .tuple(owner, which, fc.constantFrom(...NEXT))
    .map(([by, one, next]) => named(`finish ${by} ${one} ${next.state}`, (model) => model.finish(by, one, next))),
  fc.tuple(owner, which).map(([by, one]) => named(`release ${by} ${one}`, (model) => model.release(by, one))),
  which.map((one) => named(`cancel ${one}`, (model) => model.cancel(one))),
  which.map((one) => named(`retry ${one}`, (model) => model.retry(one))),
)

/** The description of a failing run. */
function named(name: string, call: Step): Step {
  return Object.assign((model: Model) => call(model), { toString: () => name, [fc.toStringMethod]: () => name })
}

type Modelled = {
  id: string
  conversation: string
  inLine: boolean
  state: MessageState
  owner?: string | undefined
  /** Whether an earlier attempt may have delivered it. */
  isUnsure?: boolean
  /** A cancel wipes what was said, so it cannot be retried. */
  isWiped?: boolean
}

/** What must be true of the store, in the order of acceptance; holds the store to it after each call. */
class Model {
  readonly #store: Store
  readonly #caller = newId('req')
  #messages: Modelled[] = []

  constructor(store: Store) {
    this.#store = store
  }

  async accept(conversations: readonly string[], leasedTo?: string): Promise<void> {
    const stored = conversations.map((one) =>
      newMessage({ caller: this.#caller, conversations: [`${this.#caller} ${one}`], ...(leasedTo && { leasedTo }) }),
    )
    await this.#store.accept(stored)
    for (const { id, conversations } of stored) {
      const inLine = leasedTo === undefined
      const state = inLine ? 'queued' : 'sending'
      this.#messages.push({ id, conversation: conversations[0], inLine, state, owner: leasedTo })
    }
  }

  async claim(by: string, limit: number): Promise<void> {
    for (const { id, inLine } of await claimed(this.#store, by, limit)) {
      const message = this.#messages.find((one) => one.id === id)
      expect(message).toMatchObject({ state: 'queued', inLine })
      this.#set(message, 'sending', by)
    }
  }

  async begin(by: string): Promise<void> {
    const mine = this.#messages.filter(({ state, owner: holder }) => state === 'sending' && holder === by)
    const begun = await this.#store.begin(by, idsOf(this.#messages))
    expect(idsOf(begun).sort()).toEqual(idsOf(mine).sort())
  }

  async finish(by: string, which: number, next: Finish['next']): Promise<void> {
    const message = this.#any(which, 'sending')
    if (message === undefined) return
    const holds = message.state === 'sending' && message.owner === by
    expect(await finish(this.#store, [message], { owner: by, next })).toEqual(holds ? [message.id] : [])
    if (!holds) return
    message.isUnsure ||= next.state === 'queued' ? next.unsure : next.state === 'unknown'
    this.#set(message, next.state)
  }

  async release(by: string, which: number): Promise<void> {
    const message = this.#any(which, 'sending')
    if (message === undefined) return
    await this.#store.release(by, [message.id])
    if (message.state === 'sending' && message.owner === by) this.#set(message, 'queued')
  }

  async cancel(which: number): Promise<void> {
    const message = this.#any(which, 'queued')
    if (message === undefined) return
    const answer = await this.#store.cancel(this.#caller, message.id)
    expect(answer?.kind).toBe(message.state === 'queued' ? 'changed' : 'wrong_state')
    if (message.state !== 'queued') return
    message.isWiped = true
    this.#set(message, message.isUnsure ? 'unknown' : 'cancelled')
  }

  async retry(which: number): Promise<void> {
    const message = this.#any(which, ...KEPT)
    if (message === undefined) return
    const answer = await this.#store.retry(this.#caller, message.id, MINUTE_MS)
    const isKept = KEPT.includes(message.state) && !message.isWiped
    expect(answer?.kind).toBe(isKept || this.#isNext(message) ? 'changed' : 'wrong_state')
    if (!isKept) return
    this.#set(message, 'queued')
    message.inLine = true
    this.#messages = [...this.#messages.filter((one) => one !== message), message]
  }

  /** The first of each line is being sent or has its time, and nothing behind it has: so none overtakes, and no line is stuck. */
  async check(): Promise<void> {
    const { messages } = await this.#store.list({ caller: this.#caller, limit: ALL })
    expect(messages.map(({ id, state, nextAttemptAt }) => ({ id, state, isDue: nextAttemptAt !== null }))).toEqual(
      this.#messages
        .map((one) => ({ id: one.id, state: one.state, isDue: one.state === 'queued' && this.#isNext(one) }))
        .reverse(),
    )
  }

  /** After any calls, every queued message can still be sent. */
  async drain(): Promise<void> {
    for (const by of ['gw-1', 'gw-2']) {
      const mine = this.#messages.filter(({ state, owner: holder }) => state === 'sending' && holder === by)
      await finish(this.#store, mine, { owner: by })
    }
    const open = async () => (await this.#store.list({ caller: this.#caller, state: 'queued', limit: ALL })).messages
    for (let left = await open(); left.length > 0; left = await open()) {
      // Those that wait for another attempt need not be waited for.
      for (const { id } of left) await this.#store.retry(this.#caller, id, MINUTE_MS)
      const due = await claimed(this.#store)
      expect(due).not.toEqual([])
      await finish(this.#store, due)
    }
  }

  /** Mostly one with which something is to be done. */
  #any(which: number, ...states: MessageState[]): Modelled | undefined {
    const likely = this.#messages.filter(({ state }) => states.includes(state))
    const among = which % 5 === 0 || likely.length === 0 ? this.#messages : likely
    return among[which % among.length]
  }

  #isNext(message: Modelled): boolean {
    if (!message.inLine) return message.state === 'queued'
    const isOpen = ({ state, inLine }: Modelled) => inLine && (state === 'queued' || state === 'sending')
    const first = this.#messages.find((one) => one.conversation === message.conversation && isOpen(one))
    return first === message && message.state === 'queued'
  }

  #set(message: Modelled | undefined, state: MessageState, by?: string): void {
    if (message) Object.assign(message, { state, owner: by })
  }
}

describe.each(DATABASES)('on %s, for any sequence of calls', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })

  test('each conversation keeps its order, and none is stuck', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30, size: 'max' }), async (steps) => {
        await claimLeftovers(store)
        const model = new Model(store)
        for (const call of steps) {
          await call(model)
          await model.check()
        }
        await model.drain()
      }),
      { numRuns: 15 },
    )
  })
})
