type Arrival = { arrived: number; accepted: number; busyUntil: number; overlapped: boolean }

/**
 * What a suite knows by itself, by the serial number of each message: what the gateway acknowledged, and what reached the platform.
 * Serials rise within a line, which is one conversation, and a line's next send waits for the answer to the last.
 */
export class Ledger {
  /** The ids that came with a 202. */
  readonly acknowledged = new Map<number, string>()
  readonly refusals = new Map<number, number>()
  /** Serials that were answered with the promise that nothing was accepted: 4xx, 429 and 503. */
  readonly refusedSerials = new Set<number>()
  unanswered = 0
  sent = 0
  /** Messages that the platform accepted at least once. */
  delivered = 0
  readonly #arrivals = new Map<number, Arrival>()
  readonly #lastOfLine = new Map<string, number>()
  readonly #late: number[] = []
  #running: number[] = []

  /** A request came in at the platform, which will answer it after so many milliseconds. */
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

  /** The platform takes the message: from here on it stands in the chat. */
  accepted(serial: number, line: string): void {
    const arrival = this.#arrivals.get(serial)
    if (arrival === undefined) throw new Error(`message ${serial} was accepted before it arrived`)
    arrival.accepted += 1
    if (arrival.accepted > 1) return
    this.delivered += 1
    const last = this.#lastOfLine.get(line) ?? -1
    if (serial < last) this.#late.push(serial)
    else this.#lastOfLine.set(line, serial)
  }

  /** Requests that the platform has not answered yet. */
  get running(): number {
    const now = performance.now()
    return this.#running.filter((until) => until > now).length
  }

  /** What is acknowledged and has not reached the platform, roughly. */
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

  /** Messages of which a request came in while the platform was still at an earlier one. */
  overlapped(): number[] {
    return this.#where((arrival) => arrival.overlapped)
  }

  /** Acknowledged messages that came after a later one of their line. Without a 202 nobody knows a message's place in its line. */
  outOfOrder(): number[] {
    return this.#late.filter((serial) => this.acknowledged.has(serial))
  }

  #where(isSo: (arrival: Arrival, serial: number) => boolean): number[] {
    return [...this.#arrivals].flatMap(([serial, arrival]) => (isSo(arrival, serial) ? [serial] : []))
  }
}
