import supertest, { type Test } from 'supertest'
import type { Environment } from '../../src/config/config.ts'
import { KEYS, type TestGateway } from './gateway.ts'
import { answer, post, type Reachable } from './outbox.ts'

/** The known caller may do everything that an erasure and its preparation need. */
export const MAY_ERASE: Environment = { CALLER_PERMISSIONS: 'orders=send,consents,users,clicks,operate' }

export const NOTHING = {
  grants: 0,
  subscriptions: 0,
  consents: 0,
  messages: 0,
  texts: 0,
  events: 0,
  unreadable: 0,
  left: false,
}

export function eraseUser({ internalUrl }: Reachable, userId: string, key: string = KEYS.caller): Test {
  return supertest(internalUrl)
    .delete(`/users/${encodeURIComponent(userId)}`)
    .set('x-api-key', key)
}

/** A limit at Divar makes all that is queued wait from now on. */
export async function holdQueue(gateway: TestGateway): Promise<void> {
  gateway.divar.misbehave(answer(429, '{}', { 'retry-after': '3600' }))
  await post(gateway, { conversation_id: 'c-limit', message: 'limit' })
}
