import { findNodeProblem } from './base/supported-node.ts'

const EX_CONFIG = 78

const problem = findNodeProblem(process.versions.node)
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`)
  process.exit(EX_CONFIG)
}
// Only now: an older Node may fail to load the rest, with a stack in place of a sentence.
const { run } = await import('./app/run.ts')
run()
