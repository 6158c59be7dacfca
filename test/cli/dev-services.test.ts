import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { afterAll, expect, test } from '@jest/globals'
import * as z from 'zod'
import { DEV_KEYS } from '../../src/dev/environment.ts'
import { startDev } from '../support/dev.ts'
import { eventually } from '../support/outbox.ts'

const services: Server[] = []
afterAll(() => {
  for (const service of services) service.close()
})

/** A service of the developer's; its address. */
async function startService(answer: RequestListener): Promise<string> {
  const service = createServer(answer).listen(0, '127.0.0.1')
  services.push(service)
  await once(service, 'listening')
  const { port } = z.object({ port: z.number() }).parse(service.address())
  return `http://127.0.0.1:${port}`
}

test('--forward asks a service, and shows what it was asked', async () => {
  const asked: unknown[] = []
  const url = await startService((request, response) => {
    asked.push(request.headers.authorization)
    response.setHeader('content-type', 'application/json').end('{"url":"https://app.example.com/forwarded"}')
  })
  const dev = await startDev({}, '--forward', `${url}/resolve`)
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/forwarded' })
  expect(asked).toEqual([`Bearer ${DEV_KEYS.resolver}`])
  expect(dev.output()).toContain(`authorization: Bearer ${DEV_KEYS.resolver}`)
  await dev.printed(/ resolver +v1 {2}→/)
  expect((await dev.timeline()).find(({ kind }) => kind === 'resolver')).toMatchObject({
    resolution: { asked: expect.stringContaining('"post_token"') },
  })
  await dev.end()
})

test('--events passes an event on, signed with the secret that is printed', async () => {
  const heads: unknown[] = []
  const url = await startService((request, response) => {
    heads.push(request.headers['webhook-id'])
    response.end()
  })
  const dev = await startDev({}, '--events', `${url}/events`)
  expect(dev.output()).toContain(`EVENTS_SECRET=${DEV_KEYS.events}`)
  const body = JSON.stringify({ type: 'POST_UPDATE', update: 'ARCHIVE' })
  await fetch(`${dev.simulator}/simulator/events`, { method: 'POST', body })
  await dev.printed(/ event +.*200/)
  const passedOn = await eventually(() => Promise.resolve(heads.length > 0 ? heads : undefined), 'the event')
  expect(passedOn).toEqual([expect.stringMatching(/^dve_/)])
  await dev.end()
})
