import { beforeAll, describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import supertest from 'supertest'
import { faultStatus } from '../../src/base/fault.ts'
import { startConsentGateway } from '../support/consent.ts'
import { withStore } from '../support/databases.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { readDocument, withoutSharedResponses, type ApiDocument } from '../support/reference.ts'
import { routesOf } from '../support/routes.ts'

let document: ApiDocument
beforeAll(async () => {
  document = await readDocument()
})

/** The status of a code whose response has no status of its own. */
const statusOf = (code: string) => Object.entries(faultStatus).find(([name]) => name === code)?.[1].status

describe('GET /openapi.json', () => {
  test('needs a key on a shared port', async () => {
    const gateway = await startTestGateway()
    await supertest(gateway.url).get('/openapi.json').expect(401)
    await supertest(gateway.url).get('/openapi.json').set('x-api-key', KEYS.caller).expect(200)
    await supertest(gateway.url).post('/openapi.json').set('x-api-key', KEYS.caller).expect(405)
  })

  test('needs no key on an internal port, and is absent from the public port', async () => {
    const gateway = await startTestGateway({ INTERNAL_PORT: '0' })
    const { headers } = await supertest(gateway.internalUrl).get('/openapi.json').expect(200)
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    await supertest(gateway.url).get('/openapi.json').expect(404)
  })

  test('answers in Persian if Accept-Language prefers it, with the same content', async () => {
    const gateway = await startTestGateway({ INTERNAL_PORT: '0' })
    const { text, headers } = await supertest(gateway.internalUrl).get('/openapi.json?lang=fa').expect(200)
    expect(headers['content-language']).toBe('fa')
    expect(text).toContain('"summary":"فرستادن پیام در گفت‌وگو"')
    const shape = (json: unknown): unknown =>
      JSON.parse(JSON.stringify(json, (key, value: unknown) => (/^(?:summary|description)$/.test(key) ? '' : value)))
    expect(shape(JSON.parse(withoutSharedResponses(text)))).toEqual(shape(document))
  })
})

describe('the document', () => {
  test('is OpenAPI 3.1', async () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/)
    expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true })
  })

  test('has every route of the gateway, with or without a store and consent, and no other', async () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`),
    )
    const starts = [
      () => startTestGateway(),
      async () => startTestGateway(await withStore('sqlite')),
      () => startConsentGateway(),
    ]
    for (const start of starts) {
      const routes = (await routesOf(start)).map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, '{}')}`)
      expect(routes.toSorted()).toEqual(documented.toSorted())
    }
  })

  test('lists every code with its status and its section', () => {
    const expected = Object.entries(faultStatus).map(([code, meaning]) => [code, { ...meaning, type: `/docs#${code}` }])
    expect(document['x-problems']).toEqual(Object.fromEntries(expected))
  })

  test('lists every code with the routes that can answer it', () => {
    const codes = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ responses }) => Object.entries(responses))
      .flatMap(([status, { 'x-codes': named = [] }]) =>
        named.map((code) => [code, status === 'default' ? statusOf(code) : Number(status)] as const),
      )
    const told = Object.fromEntries(codes)
    const all = Object.entries(faultStatus).map(([code, { status }]) => [code, status])
    expect({ ...told, method_not_allowed: 405 }).toEqual(Object.fromEntries(all))
  })
})
