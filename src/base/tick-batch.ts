/** Larger batches gain little and delay the first step. */
const MAX_STEPS = 16

let batch: (() => void)[] | undefined

/**
 * Runs `step` at the end of this event-loop turn, batched with up to 15 others: their code is then in the processor's cache for all of them. Steps
 * must not throw.
 */
export function runInBatch(step: () => void): void {
  if (batch === undefined) {
    batch = []
    setImmediate(runBatch)
  }
  batch.push(step)
  if (batch.length === MAX_STEPS) runBatch()
}

function runBatch(): void {
  const steps = batch ?? []
  batch = undefined
  for (const step of steps) step()
}
