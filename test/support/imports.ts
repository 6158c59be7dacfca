import supertest, { type Test } from 'supertest'
import type { Side } from '../../src/simulator/shown.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { KEYS } from './gateway.ts'
import type { Reachable } from './outbox.ts'

const CALLBACK = 'https://app.example.com/callback'

/** The body of an import: tokens that Divar gave the app before it moved to the gateway. */
export function tokensOf({ grants, world }: Simulator, scopes: readonly string[], side: Side = 'buyer') {
  const code = grants.issueCode({ side, scopes: [...scopes] }, CALLBACK, undefined)
  const issued = grants.exchange(code, CALLBACK, undefined)
  if (typeof issued === 'string') throw new Error(issued)
  const { accessToken, refreshToken, expiresIn } = issued
  return {
    access_token: accessToken,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    expires_in: expiresIn,
    scopes,
    user_id: world.people[side].v2Id,
  }
}

export function importGrant({ internalUrl }: Reachable, body: object, key: string = KEYS.caller): Test {
  return supertest(internalUrl).post('/grants').set('x-api-key', key).send(body)
}
