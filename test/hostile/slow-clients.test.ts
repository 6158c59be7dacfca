import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { click, CLICK, sendRaw } from '../support/requests.ts'

/** Sends a beginning and never the rest; gives back what came until the server had enough, and after how many seconds. */
async function stall(gateway: TestGateway, beginning: string): Promise<{ answer: string; seconds: number }> {
  const startedAt = performance.now()
  const answer = await sendRaw(gateway.port, beginning)
  return { answer, seconds: (performance.now() - startedAt) / 1000 }
}

test('slow clients are cut off, after 10 s in the head and 13 s in the body, and others are served meanwhile', async () => {
  const gateway = await startTestGateway()
  const head = `POST /divar/session HTTP/1.1\r\nhost: x\r\nauthorization: ${KEYS.identification}\r\n`
  const stalled = Promise.all([
    stall(gateway, head),
    stall(gateway, `${head}content-type: application/json\r\ncontent-length: 10\r\n\r\n{`),
  ])
  expect((await click(gateway, CLICK)).status).toBe(200)
  const [inHead, inBody] = await stalled
  expect(inHead.answer).toMatch(/^HTTP\/1\.1 408 /)
  expect(inHead.seconds).toBeGreaterThan(9)
  // Past the routing an answer has its shape: three keys and a reason.
  expect(inBody.answer).toMatch(
    /^HTTP\/1\.1 400 .*\{"status":"400","message":"body: expected all of it within 13 s","url":""\}/s,
  )
  expect(inBody.answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
  expect(inBody.seconds).toBeGreaterThan(12)
}, 40_000)

test('headers full of spaces do not slow the gateway down', async () => {
  const gateway = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '0' })
  const blanks = `a${' '.repeat(15_000)}b`
  const requests = Array.from({ length: 50 }, () => click(gateway, CLICK).set('authorization', blanks))
  expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(requests.map(() => 401))
  const line = gateway.lines().at(-1)
  expect(line).toMatchObject({ code: 'identification_refused' })
})

test('an upload that continues after its refusal is cut off', async () => {
  const gateway = await startTestGateway()
  const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  const ended = await new Promise<number>((resolve) => {
    let sent = 0
    const socket = connect(gateway.port, '127.0.0.1', () => {
      socket.write(
        'POST /divar/session HTTP/1.1\r\nhost: x\r\nauthorization: wrong\r\ntransfer-encoding: chunked\r\n\r\n',
      )
      const more = () => {
        sent += piece.length
        if (!socket.destroyed && sent < 1024 * piece.length) socket.write(piece, () => setImmediate(more))
      }
      more()
    })
    socket
      .resume()
      .on('error', () => undefined)
      .on('close', () => {
        resolve(sent)
      })
  })
  expect(ended).toBeLessThan(512 * piece.length)
})

test('a refused client that sends nothing more gets one answer, then the connection ends', async () => {
  const gateway = await startTestGateway()
  const head = 'POST /divar/session HTTP/1.1\r\nhost: x\r\nauthorization: wrong\r\ncontent-length: 100\r\n\r\n'
  const { answer } = await stall(gateway, head)
  expect(answer).toMatch(/^HTTP\/1\.1 401 /)
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
})
