import { afterAll, beforeAll, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { startApp, type SampleApp } from '../../src/demo/app.ts'

let app: SampleApp
beforeAll(async () => {
  app = await startApp({
    port: 0,
    gatewayUrl: 'http://127.0.0.1:9',
    internalKey: 'key',
    resolverSecret: 'secret',
    eventsSecret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    log: () => undefined,
  })
})
afterAll(() => app.close())

test.each([
  ['/resolve', 'application/json', '{bad', { authorization: 'Bearer secret' }],
  ['/book', 'application/x-www-form-urlencoded', 'x'.repeat(100_000), {}],
])('the sample app answers a broken body at %s with 400 and no stack', async (path, type, body, headers) => {
  const { status, text } = await supertest(app.url)
    .post(path)
    .set({ ...headers, 'content-type': type })
    .send(body)
  expect(status).toBe(400)
  expect(text).not.toMatch(/node_modules|\bat /)
})
