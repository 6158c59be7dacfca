#!/usr/bin/env node
import { runCommandLine } from './program.ts'

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  // Node itself knows NO_COLOR, FORCE_COLOR and what the terminal can do.
  colours: process.stdout.isTTY && process.stdout.hasColors(),
})
