import { connect } from 'node:net'
import { environment } from '../support/environment.ts'
import { spawnGateway } from '../support/gateway.ts'
import { startTakingPlatform } from '../support/service.ts'
import { ownSqlite } from '../support/databases.ts'
import type { Suite } from '../support/suite.ts'
import { FORMS, SOUND } from './forms.ts'

/** Each form on a connection of its own, with a sound click behind it: it is refused, and nothing behind it is answered. */

const WITHIN_MS = 20_000

export async function proveSmuggling(suite: Suite): Promise<void> {
  const { report } = suite
  const gateway = spawnGateway(suite, environment(await startTakingPlatform(suite), ownSqlite(suite.folder).url))
  const { port } = await gateway.ready
  suite.step('smuggling')
  // Control: two valid clicks on one connection get two answers.
  const sound = statusesIn(await talk(port, SOUND + SOUND.replace('host: x', 'host: x\r\nconnection: close')))
  const answers = await Promise.all(
    FORMS.map(async ([name, request]) => ({ name, statuses: statusesIn(await talk(port, request + SOUND)) })),
  )
  await gateway.stop()

  // A tunnel is not even refused: Node ends its connection without a word.
  const accepted = answers.filter(({ statuses: [first = 400] }) => first < 400 || first > 499)
  const carried = answers.filter(({ statuses }) => statuses.length > 1)
  report.section(`smuggling: ${FORMS.length} forms, each with a sound click behind it on its connection`)
  report.promise('two sound clicks', sound.join(', '), 'must be 200, 200', sound.join() === '200,200')
  for (const status of new Set(answers.map(({ statuses }) => statuses[0]))) {
    const title = status === undefined ? 'ended without a word' : `answered ${status}`
    report.figure(title, answers.filter(({ statuses }) => statuses[0] === status).length)
  }
  report.none('not answered 4xx', accepted.length)
  report.none('followed by a second answer', carried.length)
  for (const { name, statuses } of new Set([...accepted, ...carried])) report.figure(`  ${name}`, statuses.join(', '))
}

/** Everything that arrived until the server closed the connection or the time was over. */
function talk(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1').setEncoding('latin1').setTimeout(WITHIN_MS)
    socket.on('data', (chunk) => (text += String(chunk)))
    socket.on('timeout', () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => {
      resolve(text)
    })
    socket.write(Buffer.from(bytes, 'utf8'))
  })
}

function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status))
}
