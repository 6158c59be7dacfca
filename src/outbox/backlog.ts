import type { Accepted, NewMessage, Store } from '../store/store.ts'

/** Stores a message, in a group commit with others. */
export type Accept = (message: NewMessage) => Promise<Accepted>

/** What may wait for each caller. */
type Limits = { messages: number; bytes: number }

/** A stored message, as far as it counts. */
type Counted = { caller: string; body: { bytes: Uint8Array } | undefined }

/** Queued messages per caller, so that one that sends too fast is refused before it fills the store. */
export class Backlog {
  readonly #limitsOf: (caller: string) => Limits
  /** By caller: the store's last count, the changes since, and what is being stored. */
  #queued = new Map<string, Limits>()
  readonly #pending = new Map<string, Limits>()

  constructor(limitsOf: (caller: string) => Limits) {
    this.#limitsOf = limitsOf
  }

  limitOf(caller: string): number {
    return this.#limitsOf(caller).messages
  }

  /** Stores a message if its caller's queue has room; resolves to undefined if not. */
  async take(message: NewMessage, accept: Accept): Promise<Accepted | undefined> {
    if (!this.#hasRoom(message)) return undefined
    count(this.#pending, message, 1)
    try {
      const accepted = await accept(message)
      if (accepted.kind === 'accepted') this.add(message)
      return accepted
    } finally {
      count(this.#pending, message, -1)
    }
  }

  /** Counts a message that is queued whatever the limit. */
  add(message: Counted): void {
    count(this.#queued, message, 1)
  }

  remove(message: Counted): void {
    count(this.#queued, message, -1)
  }

  /** Sets the counts to the store's, which other gateways may have changed. */
  correct(counted: Awaited<ReturnType<Store['backlog']>>): void {
    this.#queued = new Map(counted.map(({ caller, messages, bytes }) => [caller, { messages, bytes }]))
  }

  #hasRoom({ caller, body }: NewMessage): boolean {
    const limits = this.#limitsOf(caller)
    const [queued, pending] = [countOf(this.#queued, caller), countOf(this.#pending, caller)]
    return (
      queued.messages + pending.messages < limits.messages &&
      queued.bytes + pending.bytes + body.bytes.length <= limits.bytes
    )
  }
}

const NONE: Limits = { messages: 0, bytes: 0 }

function countOf(counts: ReadonlyMap<string, Limits>, caller: string): Limits {
  return counts.get(caller) ?? NONE
}

function count(counts: Map<string, Limits>, { caller, body }: Counted, by: 1 | -1): void {
  const { messages, bytes } = countOf(counts, caller)
  const size = body?.bytes.length ?? 0
  counts.set(caller, { messages: Math.max(messages + by, 0), bytes: Math.max(bytes + by * size, 0) })
}
