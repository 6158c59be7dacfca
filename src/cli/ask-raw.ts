import { createConnector } from '../outbound/connect.ts'

const TIMEOUT_MS = 5000

const connect = createConnector(TIMEOUT_MS)

/** Sends bytes as they are; the first line of the answer, or nothing. Never rejects. */
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
        socket.destroy()
        resolve(answer)
      }
      socket.setTimeout(TIMEOUT_MS, end).on('error', end).on('end', end).on('close', end)
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1')
        if (answer.includes('\r\n')) end()
      })
      socket.write(text)
    })
  })
}
