/** How many go on together at most: more would save next to nothing, and the first would wait longer for the last. */
const MAX_SIZE = 16

let cohort: (() => void)[] | undefined

/**
 * Takes a step at the end of this turn of the event loop, at the latest, together with whatever else came in with the turn and has come as far. All of
 * a cohort take it one after the other: where one of them awaits something then, the others pass the step before it first.
 *
 * A click runs through 340 KB of machine code, ten times what the cache next to a core holds: each on its own would fetch every step of it anew.
 * In cohorts a core takes 25 to 35 % more clicks, and 20 to 25 % more sends; who comes alone waits for nothing. (Cohort scheduling: Larus and
 * Parkes, 2002.)
 * @param step must not throw
 */
export function inCohort(step: () => void): void {
  if (cohort === undefined) {
    cohort = []
    setImmediate(release)
  }
  cohort.push(step)
  if (cohort.length === MAX_SIZE) release()
}

/** Waits for such a step. */
export function joinCohort(): Promise<void> {
  return new Promise(inCohort)
}

function release(): void {
  const steps = cohort ?? []
  cohort = undefined
  for (const step of steps) step()
}
