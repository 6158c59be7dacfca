import { createServer, type ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { V1 } from '../support/messages.ts'
import { originOf } from '../support/listen.ts'
import { queue, chatMessage, startOn, until } from '../support/outbox.ts'

const PLACES = 3
const MESSAGES = 20

test.each(DATABASES)(
  'on %s the outbox has no more open requests to Divar than its concurrency, over both wires together',
  async (kind) => {
    const open = new Set<ServerResponse>()
    let most = 0
    const divar = await originOf(
      createServer((request, response) => {
        open.add(response)
        most = Math.max(most, open.size)
        request.resume().on('end', () => {
          void setTimeout(20).then(() => {
            open.delete(response)
            response.setHeader('content-type', 'application/json').end('{"status":200,"message":"success"}')
          })
        })
      }),
    )
    const gateway = await startOn(await withStore(kind), {
      OUTBOX_CONCURRENCY: String(PLACES),
      DIVAR_API_URL: divar,
      DIVAR_V1_API_URL: divar,
    })
    const bodies = Array.from({ length: MESSAGES }, (_, index) =>
      index % 2 === 0 ? chatMessage(`c-${index}`, 'x') : { ...V1, post_token: `post-${index}` },
    )
    const ids = await Promise.all(bodies.map((body) => queue(gateway, body)))
    for (const id of ids) await until(gateway, id, 'delivered')
    expect(most).toBe(PLACES)
  },
)
