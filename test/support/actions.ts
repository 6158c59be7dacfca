import supertest, { type Response, type Test } from 'supertest'
import type { Environment } from '../../src/config/config.ts'
import { KEYS, startTestGateway, type TestGateway } from './gateway.ts'
import { parseJson, type Json } from './requests.ts'
import { resolverFile } from './resolvers.ts'

export const ACTION = {
  touchpoint: 'CHAT_MESSAGE_ACTION',
  post_token: 'AZf3Uqr3',
  conversation_id: 'c-1',
  user_side: 'DEMAND',
  extra_data: { order_id: 'A-1029' },
  user_id: 'u-1',
}

/** A dynamic action with the right key. */
export function act(gateway: TestGateway, body: string | object): Test {
  return supertest(gateway.url)
    .post('/divar/action')
    .set('authorization', KEYS.identification)
    .set('content-type', 'application/json')
    .send(typeof body === 'string' ? body : JSON.stringify(body))
}

export function jsonOf({ text }: Response): Json {
  return parseJson(text)
}

/** A gateway whose module has this `dynamicAction`. */
export async function startWithAction(dynamicAction: string, overrides: Environment = {}): Promise<TestGateway> {
  const code = `export default () => ({ url: 'https://app.example.com/' })
export const dynamicAction = ${dynamicAction}`
  return startTestGateway({ RESOLVER: 'module', RESOLVER_MODULE: await resolverFile(code), ...overrides })
}
