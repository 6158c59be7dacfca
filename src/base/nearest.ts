/** How many characters a misspelled name may differ in. */
const MAX_DISTANCE = 2

/** The known name that a misspelled one was most likely meant to be, or undefined. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const folded = name.toLowerCase()
  let best: { name: string; distance: number } | undefined
  for (const candidate of known) {
    const limit = Math.min(MAX_DISTANCE, Math.floor(candidate.length / 3))
    // Names that differ more than this in length alone are not compared: the name may be any length.
    if (Math.abs(candidate.length - folded.length) > limit) continue
    const distance = editDistance(folded, candidate.toLowerCase())
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { name: candidate, distance }
  }
  return best?.name
}

/** Levenshtein distance. */
export function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (const [row, letter] of Array.from(one).entries()) {
    const current = [row + 1]
    for (const [column, otherLetter] of Array.from(other).entries()) {
      const replaced = (previous[column] ?? 0) + (letter === otherLetter ? 0 : 1)
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1))
    }
    previous = current
  }
  return previous.at(-1) ?? 0
}
