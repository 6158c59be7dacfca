import { createConnector } from '../outbound/connector.ts'

const TIMEOUT_MS = 5000
const MAX_FIRST_LINE_BYTES = 16 * 1024

const connect = createConnector(TIMEOUT_MS)

/** Sends bytes as they are. Resolves with the beginning of the answer, empty without one; never rejects. */
export function askRaw({ hostname, port }: URL, text: string): Promise<string> {
  // A URL writes an IPv6 address in brackets.
  const address = { hostname: hostname.replace(/^\[|\]$/g, ''), port: port || '80', protocol: 'http:' }
  return new Promise((resolve) => {
    connect(address, (error, socket) => {
      if (error !== null) {
        resolve('')
        return
      }
      let answer = ''
      const end = () => {
        clearTimeout(timer)
        socket.destroy()
        resolve(answer)
      }
      const timer = setTimeout(end, TIMEOUT_MS)
      socket.on('error', end).on('end', end).on('close', end)
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1')
        if (answer.includes('\r\n') || answer.length > MAX_FIRST_LINE_BYTES) end()
      })
      socket.write(text)
    })
  })
}
