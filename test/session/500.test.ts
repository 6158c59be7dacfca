import { describe, expect, test } from '@jest/globals'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { click, CLICK } from '../support/requests.ts'
import { resolverFile, startService } from '../support/resolvers.ts'

async function withModule(code: string, overrides: Record<string, string> = {}): Promise<TestGateway> {
  return startTestGateway({
    RESOLVER: 'module',
    RESOLVER_MODULE: await resolverFile(code),
    RESOLVER_TIMEOUT_MS: '200',
    ...overrides,
  })
}

const FAILED = { status: '500', message: 'The app could not tell where this click leads.', url: '' }
const FAILING: [string, string, string | RegExp][] = [
  ['throws', 'export default () => { throw new TypeError("CANARY") }', 'the resolver threw'],
  ['rejects', 'export default async () => { throw "CANARY" }', 'the resolver threw'],
  [
    'throws an error that cannot be read',
    `export default () => {
      throw Object.defineProperty(new Error(), 'stack', { get: () => { throw new Error('CANARY') } })
    }`,
    'the resolver threw',
  ],
  [
    'throws an object that refuses everything',
    `export default () => {
      const refuse = () => { throw new Error('CANARY') }
      throw new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse })
    }`,
    'the resolver failed',
  ],
  [
    'answers a Landing that cannot be read',
    `export default () => ({ get url() { throw new Error('CANARY') } })`,
    'the resolver failed',
  ],
  [
    'answers nothing',
    'export default () => {}',
    'the resolver answered no Landing: expected an object {url: ...}, got undefined; does it return a value?',
  ],
  [
    'answers a text',
    'export default () => "https://app.example.com/"',
    'the resolver answered no Landing: expected an object {url: ...}, got a string',
  ],
  [
    'answers no url',
    'export default () => ({ message: "CANARY" })',
    'the resolver answered no Landing: url: expected a string, got undefined',
  ],
  [
    'misspells url',
    'export default () => ({ uri: "https://app.example.com/CANARY" })',
    'the resolver answered no Landing: url: expected a string, got undefined; did you mean url instead of uri?',
  ],
  [
    'answers scopes that are no list of strings',
    'export default () => ({ url: "https://app.example.com/", scopes: ["CANARY", 7] })',
    'the resolver answered no Landing: scopes: expected a list of at most 20 strings, each of 1 to 512 characters',
  ],
  [
    'answers http',
    'export default () => ({ url: "http://app.example.com/CANARY" })',
    "the Landing's url is http, which is for loopback only",
  ],
  [
    'asks for scopes',
    'export default () => ({ url: "https://app.example.com/", scopes: ["chat"] })',
    /consent is not set up/,
  ],
  ['is late', 'export default () => new Promise(() => {})', 'the resolver missed its deadline of 200 ms'],
]

describe('500: the resolver returned no landing', () => {
  test.each(FAILING)('it %s', async (_, code, reason) => {
    const gateway = await withModule(code)
    const response = await click(gateway, CLICK)
    expect(response.status).toBe(500)
    expect(response.body).toEqual(FAILED)
    const line = await gateway.logged('click.refused')
    expect(line).toMatchObject({
      level: 'error',
      code: 'resolver_failed',
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    })
    expect(gateway.output()).not.toContain('CANARY')
  })

  test('it is not on an allowed origin', async () => {
    const gateway = await withModule('export default () => ({ url: "https://evil.example/" })', {
      LANDING_ALLOWED_ORIGINS: 'https://app.example.com,https://pay.example.com',
    })
    expect((await click(gateway, CLICK)).body).toEqual(FAILED)
    expect(await gateway.logged('click.refused')).toMatchObject({
      reason: "the Landing's url is not on LANDING_ALLOWED_ORIGINS",
    })
  })
})

describe('with FALLBACK_LANDING_URL', () => {
  test.each(FAILING.map(([name, code]) => [name, code]))(
    'a user still gets a landing when the resolver %s',
    async (_, code) => {
      const gateway = await withModule(code, { FALLBACK_LANDING_URL: 'https://app.example.com/sorry' })
      const response = await click(gateway, CLICK)
      expect(response.body).toEqual({ status: '200', message: 'success', url: 'https://app.example.com/sorry' })
      expect(await gateway.logged('click.fell_back')).toMatchObject({ level: 'error', reason: expect.any(String) })
      expect(gateway.output()).not.toContain('CANARY')
    },
  )

  test('refusals of the click itself stay refusals', async () => {
    const gateway = await withModule('export default () => ({ url: "https://app.example.com/" })', {
      FALLBACK_LANDING_URL: 'https://app.example.com/sorry',
    })
    expect((await click(gateway, {})).status).toBe(400)
    expect((await click(gateway, CLICK).set('authorization', 'x')).status).toBe(401)
  })
})

describe('a late answer', () => {
  test('is dropped, is not sent as a second reply, and the resolver was aborted through its signal', async () => {
    // The resolver reports its abort to a server of the test, and only then answers.
    const { promise: aborted, resolve: told } = Promise.withResolvers<undefined>()
    const url = await startService((_request, response) => {
      told(undefined)
      response.end()
    })
    const gateway = await withModule(`export default (click, { signal }) => new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        fetch('${url}').finally(() => resolve({ url: 'https://app.example.com/late' })).catch(() => {})
      })
    })`)
    expect((await click(gateway, CLICK)).body).toEqual(FAILED)
    await aborted
    expect((await click(gateway, CLICK)).body).toEqual(FAILED)
    expect(gateway.lines().filter((line) => line['event'] === 'click.refused')).toHaveLength(2)
  })
})
