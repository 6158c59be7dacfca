import { beforeAll, describe, expect, jest, test } from '@jest/globals'
import supertest from 'supertest'
import { PAGES } from '../support/docs-pages.ts'
import { KEYS } from '../support/gateway.ts'
import { isInstalled } from '../support/programs.ts'
import { readDocument } from '../support/reference.ts'
import { RUNNERS, runSample, samplesIn } from '../support/samples.ts'
import { SELLER_TOKEN, startSimulatedGateway, type SimulatedGateway } from '../support/simulated-gateway.ts'

// Go compiles its standard library first.
jest.setTimeout(120_000)

/** Only the gateway itself sends these, and only a browser opens these: a service cannot call them. */
const NOT_CALLED = ['receiveMessageEnded', 'receiveEvent', 'openConsent', 'finishConsent']

let setup: SimulatedGateway
const samples = new Map<string, Map<string, string>>()
beforeAll(async () => {
  setup = await startSimulatedGateway()
  for (const name of PAGES) {
    const { text } = await supertest(setup.gatewayUrl).get(`/docs${name}`).set('x-api-key', KEYS.caller).expect(200)
    for (const [id, codes] of samplesIn(text)) samples.set(id, codes)
  }
})

test('every route that a service can call has code in curl, JavaScript, Python, PHP and Go', async () => {
  const { paths } = await readDocument()
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  for (const { operationId } of operations) {
    if (NOT_CALLED.includes(operationId)) continue
    expect([operationId, [...(samples.get(operationId)?.keys() ?? [])]]).toEqual([operationId, Object.keys(RUNNERS)])
  }
})

test('what the gateway sends has a receiver in JavaScript, Python, PHP and Go, which other tests run', () => {
  for (const id of ['receiveMessageEnded', 'receiveEvent']) {
    const codes = samples.get(id)
    expect([...(codes?.keys() ?? [])]).toEqual(['javascript', 'python', 'php', 'go'])
    expect(codes?.get('python')).toContain('hmac.compare_digest')
  }
})

describe.each(Object.entries(RUNNERS))('the code in %s', (language, runner) => {
  const origin = /http:\/\/127\.0\.0\.1:300[01]/g

  test('sends a message, with the keys of the environment', async () => {
    if (!(await isInstalled(runner.program))) return
    const code = samples.get('sendMessage')?.get(language) ?? ''
    const before = setup.simulator.received.length
    const variables = { GATEWAY_KEY: KEYS.caller, USER_TOKEN: SELLER_TOKEN }
    const printed = await runSample(runner, code.replaceAll(origin, setup.gatewayUrl), 'run', variables)
    expect(printed).toMatch(/"message":\s*"success"/)
    expect(setup.simulator.received.slice(before)).toMatchObject([
      { body: expect.stringContaining('"کارشناسی برای فردا ساعت ۱۰ ثبت شد."') },
    ])
  })

  test('asks for what is stored, and prints an error instead of failing', async () => {
    if (!(await isInstalled(runner.program))) return
    const code = samples.get('showMessage')?.get(language) ?? ''
    const variables = { GATEWAY_KEY: KEYS.caller }
    const printed = await runSample(runner, code.replaceAll(origin, setup.gatewayUrl), 'run', variables)
    expect(printed).toContain('store_required')
  })

  test('can be parsed, whatever its body', async () => {
    if (!(await isInstalled(runner.program))) return
    for (const id of [
      'sendMessageV1',
      'askForConsent',
      'initializeSession',
      'Addons_CreatePostAddonV2',
      'Post_SubmitPostV2',
      'eraseUser',
    ]) {
      await runSample(runner, samples.get(id)?.get(language) ?? '!', 'check')
    }
  })
})
