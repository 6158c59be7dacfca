type Arrival = { arrived: number; accepted: number; busyUntil: number; overlapped: boolean }

/**
 * The suite's own record by serial number of each message: what the gateway acknowledged, and what reached the platform. Serials rise
 * within a conversation, whose next send waits for the answer to the one before.
 */
export class Ledger {
  /** The ids that came with a 202. */
  readonly acknowledged = new Map<number, string>()
  readonly refusals = new Map<number, number>()
  /** Serials whose answer guarantees that nothing was accepted: 4xx and 503. */
  readonly refusedSerials = new Set<number>()
  unanswered = 0
  sent = 0
  /** Messages that the platform accepted at least once. */
  delivered = 0
  readonly #arrivals = new Map<number, Arrival>()
  readonly #lastOfConversation = new Map<string, number>()
  readonly #late: number[] = []
  #running: number[] = []

  /** A request arrived at the platform, which will answer it after `busyMs`. */
  arrived(serial: number, busyMs = 0): void {
    const now = performance.now()
    const arrival = this.#arrivals.get(serial) ?? { arrived: 0, accepted: 0, busyUntil: 0, overlapped: false }
    this.#arrivals.set(serial, {
      ...arrival,
      arrived: arrival.arrived + 1,
      busyUntil: now + busyMs,
      overlapped: arrival.overlapped || now < arrival.busyUntil,
    })
    this.#running = this.#running.filter((until) => until > now)
    this.#running.push(now + busyMs)
  }

  /** The platform accepts the message: from now on it is in the chat. */
  accepted(serial: number, conversation: string): void {
    const arrival = this.#arrivals.get(serial)
    if (arrival === undefined) throw new Error(`message ${serial} was accepted before it arrived`)
    arrival.accepted += 1
    if (arrival.accepted > 1) return
    this.delivered += 1
    const last = this.#lastOfConversation.get(conversation) ?? -1
    if (serial < last) this.#late.push(serial)
    else this.#lastOfConversation.set(conversation, serial)
  }

  /** Requests that the platform has not answered yet. */
  get running(): number {
    const now = performance.now()
    return this.#running.filter((until) => until > now).length
  }

  /** Roughly how many messages are acknowledged and have not reached the platform. */
  get backlog(): number {
    return this.acknowledged.size - this.delivered
  }

  timesAccepted(serial: number): number {
    return this.#arrivals.get(serial)?.accepted ?? 0
  }

  timesArrived(serial: number): number {
    return this.#arrivals.get(serial)?.arrived ?? 0
  }

  /** Messages that reached the platform though their send was refused. */
  refusedAndDelivered(): number[] {
    return this.#where(({ arrived }, serial) => arrived > 0 && this.refusedSerials.has(serial))
  }

  acceptedTwice(): number[] {
    return this.#where(({ accepted }) => accepted > 1)
  }

  /** Messages of which a request arrived while an earlier one was still in flight. */
  overlapped(): number[] {
    return this.#where((arrival) => arrival.overlapped)
  }

  /** Acknowledged messages that arrived after a later one of their conversation. Without a 202 the order of a message is not defined. */
  outOfOrder(): number[] {
    return this.#late.filter((serial) => this.acknowledged.has(serial))
  }

  #where(matches: (arrival: Arrival, serial: number) => boolean): number[] {
    return [...this.#arrivals].flatMap(([serial, arrival]) => (matches(arrival, serial) ? [serial] : []))
  }
}
