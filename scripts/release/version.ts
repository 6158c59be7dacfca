const VERSION = /^(\d+)\.(\d+)\.(\d+)$/

/**
 * Checks that a version may follow the present one: the next patch, minor or major version.
 * @throws Error naming the three that may
 */
export function requireNextVersion(present: string, next: string): void {
  const [, major = 0, minor = 0, patch = 0] = (VERSION.exec(present) ?? []).map(Number)
  const possible = [`${major}.${minor}.${patch + 1}`, `${major}.${minor + 1}.0`, `${major + 1}.0.0`]
  if (!possible.includes(next)) throw new Error(`version: expected ${possible.join(', ')}, not ${JSON.stringify(next)}`)
}
