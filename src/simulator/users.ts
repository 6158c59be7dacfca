import type { Grants } from './grants.ts'
import { answerJson, readTokens, refuse, type Handled, type Received } from './http.ts'
import { readScope } from './scopes.ts'
import type { Side } from './shown.ts'
import type { World } from './world.ts'

/** Unassigned numbers. */
const PHONES: Record<Side, string> = { seller: '09120000001', buyer: '09120000002' }

/** The user of a token, as far as its scopes allow: the current GET route and the former POST route. */
export function handleUsers(
  { method, path, headers }: Received,
  { world, grants, apiKey }: { world: World; grants: Grants; apiKey: string },
): Handled | undefined {
  if (path.split('?')[0] !== '/v1/open-platform/users' || (method !== 'GET' && method !== 'POST')) return undefined
  const refused = (note: string) => ({ kind: 'users' as const, outcome: 'refused' as const, notes: [note] })
  if (headers['x-api-key'] !== apiKey) {
    return { answer: refuse(401, 16, 'invalid api key'), entry: refused('The API key is not the one of the app.') }
  }
  const { bearer, plain } = readTokens(headers)
  const found = grants.find(bearer ?? plain ?? '')
  if (found === undefined || found === 'expired') {
    return {
      answer: refuse(401, 16, 'invalid access token'),
      entry: refused('The access token is unknown or expired.'),
    }
  }
  const kinds = new Set(found.scopes.map((raw) => readScope(raw)?.kind))
  const { side } = found
  const phone = kinds.has('phone') ? PHONES[side] : undefined
  const userId = kinds.has('user_id') ? world.people[side].v2Id : undefined
  if (phone === undefined && (userId === undefined || method === 'POST')) {
    return {
      answer: refuse(403, 7, 'permission denied'),
      entry: refused(
        method === 'POST'
          ? 'The token does not cover USER_PHONE, which is all that POST answers.'
          : 'The token covers neither USER_PHONE nor USER_ID.',
      ),
    }
  }
  const who = method === 'POST' ? { phone_numbers: [phone] } : { phone_number: phone, user_id: userId }
  return { answer: answerJson(who), entry: { kind: 'users', outcome: 'ok', notes: [], side } }
}
