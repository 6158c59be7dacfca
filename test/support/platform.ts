import { createServer, type IncomingHttpHeaders } from 'node:http'
import supertest, { type Test } from 'supertest'
import * as z from 'zod'
import { freePort } from '../../prove/support/free-port.ts'
import { createKeyring } from '../../src/base/keyring.ts'
import { createGrantCodec } from '../../src/consent/grant.ts'
import { createGrants } from '../../src/consent/grants.ts'
import type { Environment } from '../../src/config/config.ts'
import { createLogger } from '../../src/observability/log.ts'
import type { Operation } from '../../src/platform/operations.ts'
import { readScope } from '../../src/scope/scope.ts'
import { APP } from './consent-app.ts'
import { TEST_KEY, withStore } from './databases.ts'
import { KEYS, startTestGateway, type TestGateway } from './gateway.ts'
import { originOf } from './listen.ts'
import { parseJson } from './requests.ts'
import { closeStore, openAt } from './stores.ts'

export type Arrived = { method: string; path: string; headers: IncomingHttpHeaders; body: string }
type Answer = { status?: number; headers?: Record<string, string>; body?: string | Buffer }
/** How Divar answers; `undefined` for never. */
export type Answering = (request: Arrived) => Answer | undefined | Promise<Answer | undefined>

const ok: Answering = () => ({ body: '{"ok":true}' })

/** A Divar that answers any path with `{"ok":true}`, and records what arrived. */
export async function startAnyDivar() {
  const received: Arrived[] = []
  let answering = ok
  const url = await originOf(
    createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method = '', url: path = '', headers } = request
        const arrived = { method, path, headers, body: Buffer.concat(chunks).toString() }
        received.push(arrived)
        void Promise.resolve(answering(arrived)).then((answer) => {
          if (answer === undefined) return
          const { status = 200, headers: more = { 'content-type': 'application/json' }, body } = answer
          response.writeHead(status, more).end(body)
        })
      })
    }),
  )
  return {
    url,
    received,
    answerWith: (next: Answering = ok) => {
      answering = next
    },
  }
}

export type AnyDivar = Awaited<ReturnType<typeof startAnyDivar>>

/** A grant that a test puts into the store. */
type Given = { userId?: string; scopes: readonly string[]; accessToken: string; refreshToken?: string }

/** The environment of a gateway with consent, whose store has these grants. */
export async function withGrants(divarUrl: string, given: readonly Given[]): Promise<Environment> {
  const environment = await withStore('sqlite')
  const store = await openAt(String(environment['DATABASE_URL']))
  const codec = createGrantCodec(createKeyring([Buffer.from(TEST_KEY, 'base64')]))
  const refresher = {
    refresh: () => Promise.reject(new Error('no grant is due')),
    idle: () => Promise.resolve(),
  }
  const grants = createGrants({ store, codec, refresher, log: createLogger('silent') })
  for (const { userId = 'user-1', scopes, accessToken, refreshToken } of given) {
    const tokens = { accessToken, refreshToken, accessMs: 3_600_000, scopes: undefined }
    const refreshMs = refreshToken === undefined ? undefined : 30 * 86_400_000
    await grants.add({ userId }, scopes.map(readScope), { ...tokens, refreshMs })
  }
  await closeStore(store)
  const port = await freePort()
  return {
    ...environment,
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DIVAR_APP_SLUG: APP.slug,
    DIVAR_CLIENT_SECRET: APP.clientSecret,
    DIVAR_OAUTH_URL: divarUrl,
  }
}

/** A gateway that may make platform calls. */
export function startPlatformGateway(divar: { url: string }, more: Environment = {}): Promise<TestGateway> {
  return startTestGateway({
    DIVAR_API_URL: divar.url,
    CALLER_PERMISSIONS: 'orders=platform,send,consents,users',
    ...more,
  })
}

/** A gateway, its Divar, and the grants in its store. */
export async function startWithGrants(given: readonly Given[], more: Environment = {}) {
  const divar = await startAnyDivar()
  const environment = { ...(await withGrants(divar.url, given)), ...more }
  return { divar, environment, gateway: await startPlatformGateway(divar, environment) }
}

type Method = 'get' | 'post' | 'put' | 'delete'

/** A platform call by the known caller; a body is sent as JSON. */
export function call(
  { internalUrl }: { internalUrl: string },
  method: Method,
  path: string,
  { body, headers = {} }: { body?: string | object; headers?: Record<string, string> } = {},
): Test {
  const test = supertest(internalUrl)[method](path).redirects(0).set('x-api-key', KEYS.caller)
  if (body !== undefined) void test.set('content-type', 'application/json')
  void test.set(headers)
  return body === undefined ? test : test.send(typeof body === 'string' ? body : JSON.stringify(body))
}

/** The user's token of a call that arrived. */
export function allowedBy({ headers }: Arrived): string | undefined {
  return headers.authorization?.replace('Bearer ', '')
}

/** The path of an operation with a value for each of its parameters. */
export function pathOf({ path }: Operation, valueOf: (name: string) => string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(valueOf(name)))
}

const platformError = z.strictObject({
  code: z.int(),
  message: z.string(),
  details: z.tuple([
    z.looseObject({
      '@type': z.literal('kenar/problem'),
      code: z.string(),
      status: z.int(),
      detail: z.string(),
      consent_url: z.string().optional(),
    }),
  ]),
})

/** The problem in an error of the platform's shape, as a generated SDK reads it. */
export function problemIn(text: string) {
  const { code: number, details } = platformError.parse(parseJson(text))
  return { number, ...details[0] }
}
