import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { startConsentGateway } from '../support/consent.ts'
import { withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { methodOf, routesOf, type TestRoute } from '../support/routes.ts'

/** The only routes that ask for no key. */
const PUBLIC = ['get /healthz', 'get /readyz', 'get /oauth/start/:id', 'get /oauth/callback']
/** Those that ask for none on a port of their own; a log-in has its key in the body. */
const OPEN_INSIDE = [
  'get /metrics',
  'get /openapi.json',
  'get /docs',
  'get /docs/:page',
  'get /docs/assets/:file',
  'get /console',
  'get /console/assets/:file',
  'post /console/session',
]

const ANY_LIMIT = { WRONG_KEYS_PER_MINUTE: '0' }
const starts: [string, (ports: object) => Promise<TestGateway>][] = [
  ['no store', (ports) => startTestGateway({ ...ANY_LIMIT, ...ports })],
  ['a store', async (ports) => startTestGateway({ ...(await withStore('sqlite')), ...ANY_LIMIT, ...ports })],
  ['consent', (ports) => startConsentGateway({}, { ...ANY_LIMIT, ...ports })],
]
const wrongKeys: [string, Record<string, string>][] = [
  ['no key', {}],
  ['a wrong key', { 'x-api-key': 'wrong', authorization: 'wrong' }],
]

/** A body that no route could read, and an id that no route knows: neither may be looked at. */
async function statusOf(url: string, { method, path }: TestRoute, headers: Record<string, string>): Promise<number> {
  const request = supertest(url)
  const concrete = path.replaceAll(/:\w+/g, 'x')
  return (await request[methodOf.parse(method)](concrete).set(headers).set('content-type', 'text/plain').send('{'))
    .status
}

async function startWithRoutes(start: () => Promise<TestGateway>) {
  const started: TestGateway[] = []
  const routes = await routesOf(async () => started.push(await start()))
  const [gateway] = started
  if (gateway === undefined) throw new Error('expected a gateway')
  return { gateway, routes: routes.map((route) => ({ ...route, name: `${route.method} ${route.path}` })) }
}

describe.each(starts)('with %s', (_, start) => {
  test.each(wrongKeys)('on a shared port every route but the public ones answers 401 to %s', async (_, headers) => {
    const { gateway, routes } = await startWithRoutes(() => start({}))
    expect(routes.map(({ name }) => name)).toEqual(expect.arrayContaining([...PUBLIC, 'post /divar/session']))
    for (const route of routes) {
      const isOpen = PUBLIC.includes(route.name)
      const status = await statusOf(gateway.url, route, headers)
      expect([route.name, status === 401]).toEqual([route.name, !isOpen])
    }
  })

  test.each(wrongKeys)(
    'with INTERNAL_PORT every route is on one port only and answers 401 there to %s',
    async (_, headers) => {
      const { gateway, routes } = await startWithRoutes(() => start({ INTERNAL_PORT: '0' }))
      for (const route of routes) {
        const isOpen = [...PUBLIC, ...OPEN_INSIDE].includes(route.name)
        if (isOpen) continue
        const statuses = [
          await statusOf(gateway.url, route, headers),
          await statusOf(gateway.internalUrl, route, headers),
        ]
        expect([route.name, ...statuses.toSorted()]).toEqual([route.name, 401, 404])
      }
    },
  )
})
