import { expect } from '@jest/globals'
import supertest, { type Response } from 'supertest'
import { KEYS, type TestGateway } from './gateway.ts'
import { createJudge, readDocument } from './reference.ts'

export type Asked = { headers?: Record<string, string>; at?: TestGateway }

/** Asks as a known caller does, and expects each answer to be as the document says. */
export async function createDocumentedRequests(gateway: TestGateway) {
  const document = await readDocument()
  const judge = createJudge(document)

  const ask = async (
    method: 'get' | 'post' | 'put' | 'delete',
    path: string,
    body?: object | string,
    { headers = {}, at = gateway }: Asked = {},
  ): Promise<Response> => {
    const test = supertest(at.url)[method](path).redirects(0)
    if (body !== undefined) void test.set('content-type', 'application/json')
    void test.set({ 'x-api-key': KEYS.caller, ...headers })
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await (body === undefined ? test : test.send(text))
    expect(judge.faultsOf(method, path, response)).toEqual([])
    return response
  }
  return { document, judge, ask }
}
