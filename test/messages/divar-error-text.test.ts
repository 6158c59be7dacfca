import { expect, test } from '@jest/globals'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { unicodeEscapes } from '../support/marked-values.ts'
import { V1 } from '../support/messages.ts'
import { answer } from '../support/outbox.ts'
import { parseJson, send } from '../support/requests.ts'

test("neither our key nor the user's token is passed on within Divar's error message", async () => {
  const gateway = await startTestGateway()
  const words = (secret: string) => `no: ${secret}, ${secret}!`
  for (const secret of [KEYS.divarApi, KEYS.token]) {
    gateway.divar.misbehave(answer(400, JSON.stringify({ code: secret, message: words(secret) })))
    const { text } = await send(gateway, V1)
    expect(parseJson(text)['divar']).toEqual({ status: 400, code: '***', message: 'no: ***, ***!' })
  }
  // Also where JSON writes the secret with escapes.
  gateway.divar.misbehave(answer(400, `{"message":"no: ${unicodeEscapes(KEYS.token)}!"}`))
  expect(parseJson((await send(gateway, V1)).text)['divar']).toEqual({ status: 400, message: 'no: ***!' })
  // Also where the end of what is passed on falls into a secret.
  gateway.divar.misbehave(answer(400, JSON.stringify({ message: 'x'.repeat(490) + KEYS.divarApi })))
  const { text } = await send(gateway, V1)
  expect(text).not.toContain(KEYS.divarApi.slice(0, 8))
  expect(gateway.output()).not.toContain(KEYS.divarApi)
  expect(gateway.output()).not.toContain(KEYS.token)
})

test("Divar's error message is passed on, up to a limit", async () => {
  const gateway = await startTestGateway()
  gateway.divar.misbehave(answer(400, JSON.stringify({ code: 3, message: 'م'.repeat(10_000) })))
  expect((await send(gateway, V1)).text.length).toBeLessThan(2000)
})
