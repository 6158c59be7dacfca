/** Larger batches gain little and delay the first step. */
const MAX_STEPS = 16

let batch: (() => void)[] | undefined

/**
 * Resolves at the end of this event-loop turn, batched with up to 15 others: each step of their code is then in the processor's cache for all of them.
 */
export function joinBatch(): Promise<void> {
  return new Promise((resolve) => {
    if (batch === undefined) {
      batch = []
      setImmediate(runBatch)
    }
    batch.push(resolve)
    if (batch.length === MAX_STEPS) runBatch()
  })
}

function runBatch(): void {
  const steps = batch ?? []
  batch = undefined
  for (const step of steps) step()
}
