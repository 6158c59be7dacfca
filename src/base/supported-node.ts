/** The oldest Node that runs this program, as `engines` in package.json says. */
const OLDEST = { major: 22, minor: 19 }

/** The error message for a Node that is too old, else `undefined`. Imports nothing, so that it runs before anything else is loaded. */
export function findNodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return undefined
  return `Node ${version} is too old: this program needs Node ${OLDEST.major}.${OLDEST.minor} or later.`
}
