import { editDistance } from '../base/nearest.ts'
import { OPERATIONS } from './operations.ts'

/** A path may be 16 KiB long, and the comparison takes quadratic time. */
const MAX_SEGMENTS = 12
const MAX_SEGMENT = 40

/** The known path that a misspelled one was most likely meant to be, e.g. `/v1/open-platform/finder/post/{token}`. */
export function nearestPath(path: string, otherPaths: readonly string[]): string {
  const asked = segmentsOf(path)
  const known = [...new Set([...OPERATIONS.map((operation) => operation.path), ...otherPaths])]
  const ranked = known.map((candidate) => ({ candidate, distance: distanceOf(asked, segmentsOf(candidate)) }))
  return ranked.reduce((best, one) => (one.distance < best.distance ? one : best)).candidate
}

function segmentsOf(path: string): string[] {
  return path
    .slice(1)
    .split('/', MAX_SEGMENTS)
    .map((segment) => segment.slice(0, MAX_SEGMENT))
}

function distanceOf(asked: readonly string[], known: readonly string[]): number {
  const count = Math.max(asked.length, known.length)
  let distance = 0
  for (let at = 0; at < count; at += 1) {
    const [one = '', other = ''] = [asked[at], known[at]]
    // Any value fits a parameter.
    distance += other.startsWith('{') && one !== '' ? 0 : editDistance(one, other)
  }
  return distance
}
