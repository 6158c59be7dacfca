import { subscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import { writeSync } from 'node:fs'

/** Loaded into a gateway before its own code: tells each name it looks up, and each address that it begins to connect to, as it does. */

subscribe('net.client.socket', (message) => {
  if (typeof message !== 'object' || message === null || !('socket' in message)) return
  const { socket } = message
  if (!(socket instanceof Socket)) return
  socket.on('lookup', (_error, address, _family, host) => {
    tell(`${host}=${address}`)
  })
  socket.on('connectionAttempt', (ip, port) => {
    tell(`${ip}:${port}`)
  })
})

function tell(what: string): void {
  writeSync(2, `connects ${what}\n`)
}
