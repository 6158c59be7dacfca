import type { Trace } from '../observability/trace.ts'
import type { Outcome } from '../divar/outcome.ts'
import type { Wire } from '../store/store.ts'

/** One host that messages go to, with what guards it. */
export type Lane = {
  wires: readonly Wire[]
  /** Deliveries at once. */
  places: number
  /** Delivers what was sealed, once. */
  deliver: (id: string, content: string, trace: Trace) => Promise<Outcome>
  /** How many deliveries the host would take now: none while its breaker is open, one to probe, or any number. */
  capacity: () => number
  /** Milliseconds until that is worth asking again; 0 when it is now. */
  opensInMs: () => number
}
