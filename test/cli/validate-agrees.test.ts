import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import * as z from 'zod'
import { fixture, tempFile, runCli } from '../support/command-line.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'

const fixtures = readdirSync(fixture('.')).filter((name) => /^(?:click|message)-v[12]/.test(name))
const bodyOf = (name: string) =>
  z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(fixture(name), 'utf8')))

/** Each fixture as it is, and once for each of its members: without it, and with one of another kind. */
const cases = fixtures.flatMap((name) => {
  const body = bodyOf(name)
  const changed = Object.keys(body).flatMap((member) => [
    { ...body, [member]: undefined },
    { ...body, [member]: 7 },
  ])
  return [body, ...changed].map((one) => ({ name, body: one }))
})

test('validate accepts exactly what the gateway accepts', async () => {
  const { url } = await startTestGateway()
  const verdicts = { accepted: 0, refused: 0 }
  for (const { name, body } of cases) {
    const [kind = '', wire = ''] = name.split('-')
    const as = kind === 'message' ? 'message' : `click-${wire}`
    const isV2Message = name.startsWith('message-v2')
    const to = isV2Message ? ['--conversation', 'c'] : []
    const { code } = await runCli('validate', await tempFile(name, body), '--as', as, ...to)
    const path =
      kind === 'click' ? '/divar/session' : isV2Message ? '/v2/open-platform/conversations/c/messages' : '/messages'
    const { status } = await fetch(url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(kind === 'click'
          ? { authorization: KEYS.identification, ...(wire === 'v2' && { 'api-version': '2' }) }
          : { 'x-api-key': KEYS.caller, 'x-access-token': KEYS.token }),
      },
      body: JSON.stringify(body),
    })
    expect([name, JSON.stringify(body), code]).toEqual([name, JSON.stringify(body), status === 200 ? 0 : 1])
    verdicts[code === 0 ? 'accepted' : 'refused'] += 1
  }
  // Neither side says yes, or no, to everything.
  expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(5)
})
