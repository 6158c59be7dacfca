import * as z from 'zod'
import { call, readJson } from './call.ts'
import { bodyOf, JSON_HEADERS, TOO_MANY_WRONG_KEYS, type Check, type CheckedGateway } from './doctor-check.ts'
import { ACTION_PATH, EVENTS_PATH } from './trigger.ts'

const refusalShape = z.strictObject({ status: z.string(), message: z.string().min(1) })
/** The gateway takes none. It says so only to the right key. */
const TURNED_OFF = 501

type Refused = { name: string; keyOf?: (key: string) => string; needsKey: boolean; body?: string }

/** Requests that the identification key protects, like clicks. None of them is accepted, so nothing is done or passed on. */
function refusedAt(path: string, subject: string, sample: string, bad: readonly Refused[]): Check[] {
  const wrongKeys: Refused[] = [
    { name: 'without a key', needsKey: false },
    { name: 'with a wrong key', needsKey: false, keyOf: () => 'surely-not-the-key' },
    { name: 'with Bearer in front of the key', needsKey: true, keyOf: (key) => `Bearer ${key}` },
  ]
  return [...wrongKeys, ...bad].map(({ name, keyOf, needsKey, body }) => ({
    name: `${subject} ${name} is refused`,
    needsKey,
    run: async ({ target, key = '' }: CheckedGateway) => {
      const headers = { ...JSON_HEADERS, ...(keyOf && { authorization: keyOf(key) }) }
      const reply = await call(target.at(path), { headers, body: body ?? JSON.stringify(bodyOf(sample)) })
      if (reply.status === 429) return TOO_MANY_WRONG_KEYS
      const expected = body === undefined ? 401 : 400
      if (reply.status !== expected && !(body !== undefined && reply.status === TURNED_OFF))
        return `answered ${reply.status}, expected ${expected}`
      const { status } = refusalShape.safeParse(readJson(reply.body)).data ?? {}
      if (status !== String(reply.status)) return 'the answer is not the two keys status and message'
      return key !== '' && reply.body.includes(key) ? 'the answer repeats the key' : undefined
    },
  }))
}

/** A request with the right key and this body. */
function withBody(name: string, body: string): Refused {
  return { name, body, needsKey: true, keyOf: (key) => key }
}

export const actions = refusedAt(ACTION_PATH, 'a dynamic action', 'action', [
  withBody('whose body is cut short', '{"touchpoint":'),
  withBody('without a touchpoint', '{}'),
])

export const events = refusedAt(EVENTS_PATH, 'an event', 'event', [
  withBody('whose body is cut short', '{"type":'),
  withBody('without a type', '{}'),
])
