/** The oldest Node that runs this program, as `engines` in package.json says. */
const OLDEST = { major: 22, minor: 19 }

/** The sentence for a Node that is too old; `undefined` when it is not. Imports nothing, so that it can run before anything else is loaded. */
export function findNodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return undefined
  return `Node ${version} is too old: this program needs Node ${OLDEST.major}.${OLDEST.minor} or later.`
}
