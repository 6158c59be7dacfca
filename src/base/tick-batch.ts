/** Larger batches save next to nothing, and the first step would wait longer for the last. */
const MAX_STEPS = 16

let batch: (() => void)[] | undefined

/**
 * Runs `step` at the end of this event-loop turn, batched with up to 15 others: the code of each step is then fetched into the processor's cache once for all of them.
 * @param step must not throw
 */
export function runInBatch(step: () => void): void {
  if (batch === undefined) {
    batch = []
    setImmediate(runBatch)
  }
  batch.push(step)
  if (batch.length === MAX_STEPS) runBatch()
}

/** Resolves at the end of this event-loop turn, together with up to 15 others. */
export function joinBatch(): Promise<void> {
  return new Promise(runInBatch)
}

function runBatch(): void {
  const steps = batch ?? []
  batch = undefined
  for (const step of steps) step()
}
