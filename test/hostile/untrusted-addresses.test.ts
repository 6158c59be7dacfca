import { createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import supertest, { type Response } from 'supertest'
import { Browser, decide, startConsentGateway } from '../support/consent.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'
import { parseJson } from '../support/requests.ts'
import { CLICK_V1, CLICK_V2, MESSAGE_V1, MESSAGE_V2, marked } from '../support/marked-values.ts'
import { click, send } from '../support/requests.ts'
import { resolverFile } from '../support/resolvers.ts'
import { startWebhook } from '../support/webhook.ts'

/** A server whose address is in the payloads, and its number of connections. */
async function startTrap() {
  let connections = 0
  const origin = await originOf(
    createServer((socket) => {
      connections += 1
      socket.on('error', () => undefined).end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n')
    }),
  )
  return { origin, port: new URL(origin).port, connections: () => connections }
}

const HEADERS = [
  'referer',
  'origin',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-original-url',
  'link',
  'traceparent',
]

async function plantInBodies(gateway: TestGateway, mark: string): Promise<void> {
  for (const body of marked(mark, CLICK_V1)) await click(gateway, JSON.stringify(body))
  for (const body of marked(mark, CLICK_V2)) await click(gateway, JSON.stringify(body), '2')
  for (const body of [...marked(mark, MESSAGE_V1), ...marked(mark, MESSAGE_V2)]) {
    await send(gateway, JSON.stringify(body))
    await send(gateway, JSON.stringify(body)).set('prefer', 'respond-async')
  }
  for (const header of HEADERS) {
    await click(gateway, CLICK_V1).set(header, mark)
    await send(gateway, MESSAGE_V2).set(header, mark)
  }
}

function askConsent(gateway: TestGateway, returnUrl: string): Promise<Response> {
  const { buyer } = gateway.divar.world.people
  return supertest(gateway.url)
    .post('/consents')
    .set('x-api-key', KEYS.caller)
    .send({ scopes: ['phone'], user_id: buyer.v2Id, return_url: returnUrl })
    .then((response) => response)
}

test('the gateway never connects to an address from a click, a message, a header, a landing or a consent', async () => {
  const trap = await startTrap()
  const webhook = await startWebhook()
  const code = `export default ({ data }) => ({ url: data.landing ?? '${trap.origin}/', onDenied: '${trap.origin}/denied', scopes: data.scopes })`
  const gateway = await startConsentGateway(
    {},
    { RESOLVER_MODULE: await resolverFile(code), TRUST_PROXY: '1', RETRY_FIRST_MS: '1', ...webhook.environment },
    { checks: 'note' },
  )
  const forms = [
    `${trap.origin}/x`,
    `http://localhost:${trap.port}/`,
    `http://[::ffff:127.0.0.1]:${trap.port}/`,
    `http://2130706433:${trap.port}/`,
    `//127.0.0.1:${trap.port}/`,
    `127.0.0.1:${trap.port}`,
  ]
  await plantInBodies(gateway, `${trap.origin}/x`)
  for (const form of forms) {
    await click(gateway, { ...CLICK_V2, return_url: form, extra_data: { landing: form } }, '2')
    await send(gateway, {
      ...MESSAGE_V1,
      receiver_btn: { action: 'DIRECT_LINK', data: { caption: 'c', direct_link: form } },
    })
    await askConsent(gateway, form)
  }

  // What leads there is answered: it is the user's browser that goes, not the gateway.
  const landing = await click(gateway, { ...CLICK_V2, extra_data: { landing: `${trap.origin}/x` } }, '2')
  expect(parseJson(landing.text)).toMatchObject({ status: '200', url: `${trap.origin}/x` })
  const link = parseJson((await askConsent(gateway, `${trap.origin}/thanks`)).text)['url']
  const browser = new Browser()
  const back = await browser.open(await decide(browser, String(link)))
  expect(back).toMatchObject({ status: 303, location: `${trap.origin}/thanks` })

  // Running work, including status webhooks, is finished.
  await gateway.loggedWhen((all) => all.some(({ event }) => event === 'notice.delivered'))
  await gateway.stop()
  expect(webhook.notices.length).toBeGreaterThan(0)
  expect(trap.connections()).toBe(0)
  // The trap works.
  await fetch(trap.origin)
  expect(trap.connections()).toBe(1)
}, 60_000)
