#!/usr/bin/env node
import { findNodeProblem } from '../base/supported-node.ts'
import { EXIT } from './io.ts'

/** Writes lines to a stream that may fail. A closed reader (EPIPE) is not an error; any other error loses results. */
function writerTo(stream: NodeJS.WriteStream): (text: string) => void {
  let isBroken = false
  stream.on('error', (error: NodeJS.ErrnoException) => {
    isBroken = true
    if (error.code === 'EPIPE' || stream === process.stderr) return
    process.exitCode = EXIT.usage
    process.stderr.write(`the output could not be written: ${error.code ?? error.name}\n`)
  })
  return (text) => {
    if (!isBroken) stream.write(`${text}\n`)
  }
}

const problem = findNodeProblem(process.versions.node)
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`)
  process.exit(EXIT.usage)
}
// Only now: an older Node may fail to load the rest, with a stack trace instead of a sentence.
const { runCommandLine } = await import('./program.ts')
const code = await runCommandLine(process.argv.slice(2), {
  out: writerTo(process.stdout),
  err: writerTo(process.stderr),
  // Node reads NO_COLOR and FORCE_COLOR, and knows what the terminal can show.
  colours: process.stdout.isTTY && process.stdout.hasColors(),
})
process.exitCode ??= code
