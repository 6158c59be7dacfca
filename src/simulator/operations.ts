import * as z from 'zod'
import type { Grants } from './grants.ts'
import { answerJson, readTokens, refuse, type Handled, type Received } from './http.ts'
import PUBLISHED from './operations.json' with { type: 'json' }
import { readScope } from './scopes.ts'
import { decode, judgeUserToken, parseObject, refuseBody, refuseCaller, type Refusal } from './send-checks.ts'
import type { SendDeps } from './send.ts'
import type { World } from './world.ts'

const operationShape = z.object({
  method: z.string(),
  path: z.string(),
  /** Any one of them is enough; none means that no user is involved. */
  scopes: z.array(z.string()),
  body: z.boolean(),
  /** An example of the answer. */
  answer: z.record(z.string(), z.unknown()).optional(),
})
type Operation = z.infer<typeof operationShape>

/** Made by `scripts/simulator/write.ts` from the OpenAPI document of the platform. */
export const OPERATIONS: readonly Operation[] = z.array(operationShape).parse(PUBLISHED)

/** A path without parameters is matched before one with them. */
const ROUTES = OPERATIONS.map((operation) => {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const pattern = new RegExp(`^${operation.path.split(/\{\w+\}/).join('([^/]+)')}$`)
  return { operation, names, pattern }
}).toSorted((one, other) => one.names.length - other.names.length)

type Parameters = Record<string, string>

/**
 * Answers any other operation that the platform publishes with an example, if the API key, the token, its scope and the body allow it. As
 * with sends, a token and a scope that do not fit are only noted unless checks are `strict`.
 */
export function handleOperation(received: Received, { world, grants, apiKey, checks }: SendDeps): Handled | undefined {
  const found = findOperation(received)
  if (found === undefined) return undefined
  const { operation, parameters } = found
  const { bearer, plain } = readTokens(received.headers)
  const token = bearer ?? plain
  const needsToken = operation.scopes.length > 0
  const plainly =
    refuseCaller(received, { token, needsToken }, apiKey) ??
    (operation.body ? refuseBody(received, parseObject(received.body)) : undefined)
  const refused = ({ answer, why }: Refusal): Handled => ({
    answer,
    entry: { kind: 'platform', outcome: 'refused', notes: [why] },
  })
  if (plainly !== undefined) return refused(plainly)
  const refusals = needsToken ? judgeAccess(operation, parameters, token ?? '', { world, grants }) : []
  const [first] = refusals
  if (first !== undefined && checks === 'strict') return refused(first)
  const notes = refusals.map(({ why }) => `Divar would have refused this: ${why}`)
  return {
    answer: answerJson(fill(operation.answer ?? {}, parameters)),
    entry: { kind: 'platform', outcome: 'ok', notes: [...notes, 'The answer is an example.'] },
  }
}

function findOperation({ method, path }: Received): { operation: Operation; parameters: Parameters } | undefined {
  const pathname = path.split('?')[0] ?? ''
  for (const { operation, names, pattern } of ROUTES) {
    const match = operation.method === method ? pattern.exec(pathname) : null
    if (match === null) continue
    const values = match.slice(1).map((segment) => decode(segment) ?? segment)
    return { operation, parameters: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) }
  }
  return undefined
}

/** One of the scopes has to be granted, for the resource that the path names; and the path may name the token's user only. */
function judgeAccess(
  { scopes }: Operation,
  parameters: Parameters,
  token: string,
  { world, grants }: { world: World; grants: Grants },
): Refusal[] {
  const found = grants.find(token)
  if (found === undefined || found === 'expired') return judgeUserToken(token, grants)
  const wanted = new Map(scopes.map((scope) => [scope.split('.')[0], scope.includes('.')]))
  const covers = found.scopes.some((raw) => {
    const scope = readScope(raw)
    const isAboutResource = wanted.get(scope?.name)
    if (scope === undefined || isAboutResource === undefined) return false
    return !isAboutResource || Object.values(parameters).includes(scope.resource)
  })
  const denied = refuse(403, 7, 'permission denied')
  if (!covers) return [{ answer: denied, why: `The token has none of the scopes: ${scopes.join(', ')}.` }]
  const { divar_user_id: userId } = parameters
  return userId === undefined || userId === world.people[found.side].v2Id
    ? []
    : [{ answer: denied, why: 'divar_user_id is not the user of the token.' }]
}

/** The example, with the values of the request where it has members of the same name. */
function fill(answer: Record<string, unknown>, parameters: Parameters): Record<string, unknown> {
  const named = Object.entries(parameters).filter(([name]) => typeof answer[name] === 'string')
  return { ...answer, ...Object.fromEntries(named) }
}
