import type { Grants } from './grants.ts'
import { answerJson, refuse, type Answer, type Received } from './http.ts'
import { isObject } from './send-shape.ts'

/** Why the platform refuses, and with what. */
export type Refusal = { answer: Answer; why: string }

/** The body, or what is refused even where other errors are only noted. */
export function readBody(
  received: Received,
  token: { token: string | undefined; needsToken: boolean },
  apiKey: string,
): { body: Record<string, unknown> } | Refusal {
  const body = parseObject(received.body)
  const refusal = refuseCaller(received, token, apiKey) ?? refuseBody(received, body)
  if (refusal !== undefined) return refusal
  return body === undefined ? NO_OBJECT : { body }
}

/** The API key and, where one is needed, a token. */
export function refuseCaller(
  { headers }: Received,
  { token, needsToken }: { token: string | undefined; needsToken: boolean },
  apiKey: string,
): Refusal | undefined {
  if (headers['x-api-key'] !== apiKey) {
    return { answer: refuse(401, 16, 'invalid api key'), why: 'The API key is not the one of the app.' }
  }
  return needsToken && (token === undefined || token === '')
    ? { answer: refuse(401, 16, 'invalid access token'), why: 'There is no access token.' }
    : undefined
}

/** A JSON object as UTF-8. */
export function refuseBody({ headers, isUtf8 }: Received, body: unknown): Refusal | undefined {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    return { answer: refuse(415, 3, 'expected application/json'), why: 'The content type is not JSON.' }
  }
  if (isUtf8 === false) return { answer: refuse(400, 3, 'malformed body'), why: 'The body is not UTF-8.' }
  return body === undefined ? NO_OBJECT : undefined
}

const NO_OBJECT: Refusal = { answer: refuse(400, 3, 'malformed body'), why: 'The body is no JSON object.' }

export function notFound(why: string): Refusal {
  return { answer: refuse(404, 5, 'conversation not found'), why }
}

export function judgeShape(errors: string[]): Refusal[] {
  if (errors.length === 0) return []
  // google.rpc.Status: `details` are objects that name their type.
  const fieldViolations = errors.map((text) => {
    const [field = '', ...description] = text.split(': ')
    return { field, description: description.join(': ') }
  })
  const details = [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations }]
  return [{ answer: answerJson({ code: 3, message: 'invalid argument', details }, 400), why: errors.join('; ') }]
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function decode(segment: string | undefined): string | undefined {
  try {
    return segment === undefined ? undefined : decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Whether this is a token that was given out and is still good. */
export function judgeUserToken(token: string, grants: Grants): Refusal[] {
  const found = grants.find(token)
  const answer = refuse(401, 16, 'invalid access token')
  if (found === undefined) return [{ answer, why: 'This access token was not given out here.' }]
  return found === 'expired' ? [{ answer, why: 'The access token has expired.' }] : []
}
