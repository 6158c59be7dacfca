import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { environment } from '../support/gateway.ts'

/** Runs a program on a terminal, pauses it (as Ctrl-S does) after the first line, ends the program, and prints its exit code. */
const ON_PAUSED_TERMINAL = `
import os, pty, signal, subprocess, sys, termios
reader, terminal = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=terminal, stdout=terminal)
os.read(reader, 1)
termios.tcflow(terminal, termios.TCOOFF)
child.send_signal(signal.SIGTERM)
print(child.wait())
`

test('a paused terminal as standard output does not delay the exit', async () => {
  const env = { ...environment(), PATH: process.env['PATH'], SHUTDOWN_GRACE_MS: '100' }
  const command = ['-c', ON_PAUSED_TERMINAL, process.execPath, 'src/main.ts']
  const { stdout: printed } = await promisify(execFile)('python3', command, { env })
  expect(printed).toBe('0\n')
})
