const UNRELEASED = '## Unreleased\n'

/**
 * Turns what is under `## Unreleased` into a version, and leaves that heading empty above it.
 * @param date as 2026-12-31
 * @throws Error when the heading is missing or nothing is under it
 */
export function cutVersion(changelog: string, version: string, date: string): { changelog: string; notes: string } {
  const at = changelog.indexOf(UNRELEASED)
  if (at < 0) throw new Error('CHANGELOG.md has no heading "## Unreleased"')
  const body = changelog.slice(at + UNRELEASED.length)
  const next = body.search(/^## /m)
  const notes = (next < 0 ? body : body.slice(0, next)).trim()
  if (notes === '') throw new Error('CHANGELOG.md has nothing under "## Unreleased"')
  const older = next < 0 ? '' : `\n\n${body.slice(next).trimEnd()}`
  return {
    changelog: `${changelog.slice(0, at)}${UNRELEASED}\n## ${version} - ${date}\n\n${notes}${older}\n`,
    notes: `${notes}\n`,
  }
}
