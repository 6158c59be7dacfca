import * as z from 'zod'
import { Fault, type FieldError } from '../base/fault.ts'
import { fieldErrors, requiredId, summarize } from '../base/fields.ts'
import { isWrittenScope, nameOfScope, readScope, type Scope } from '../scope/scope.ts'

/** The longest life of an access token: that of a refresh token. */
const MAX_LIFE_S = 30 * 24 * 60 * 60

const accessTokenError = 'expected visible ASCII of 1 to 4096 characters'
const refreshTokenError = 'expected ASCII of 1 to 4096 characters, without control characters'
const expiresInError = `expected the whole seconds that access_token still lives: 1 to ${MAX_LIFE_S}`
const scopesError = 'expected 1 to 100 scopes'
const scopeError = 'expected a scope as Divar writes it, such as USER_ID or CONVERSATION_SEND_MESSAGE.<id>'

export const importBody = z.object(
  {
    access_token: z.string(accessTokenError).regex(/^[\x21-\x7e]{1,4096}$/, accessTokenError),
    refresh_token: z
      .string(refreshTokenError)
      .regex(/^[\x20-\x7e]{1,4096}$/, refreshTokenError)
      .nullish(),
    expires_in: z.int(expiresInError).min(1, expiresInError).max(MAX_LIFE_S, expiresInError),
    scopes: z
      .array(z.string(scopeError).max(512, scopeError).refine(isWrittenScope, scopeError), scopesError)
      .min(1, scopesError)
      .max(100, scopesError),
    user_id: requiredId(128),
  },
  { error: 'expected a JSON object' },
)

/** A misspelled member is refused: without its refresh token, a grant would end with the access token. */
const strictBody = importBody.catchall(z.undefined(`expected only ${Object.keys(importBody.shape).join(', ')}`))

/** A grant that was given elsewhere: its tokens, and what the caller says of them. */
export type ImportRequest = {
  userId: string
  scopes: readonly Scope[]
  accessToken: string
  refreshToken: string | undefined
  accessMs: number
}

/** @throws Fault `invalid_grant` with every error of the body */
export function readImportRequest(body: unknown): ImportRequest {
  const parsed = strictBody.safeParse(body)
  if (!parsed.success) throw invalidGrant(fieldErrors(parsed.error))
  const { access_token: accessToken, refresh_token, expires_in: expiresIn, user_id: userId } = parsed.data
  const byName = new Map(parsed.data.scopes.map(readScope).map((scope) => [nameOfScope(scope), scope]))
  const refreshToken = refresh_token ?? undefined
  return { userId, scopes: [...byName.values()], accessToken, refreshToken, accessMs: expiresIn * 1000 }
}

export function invalidGrant(errors: FieldError[]): Fault {
  return new Fault('invalid_grant', summarize(errors), { errors })
}
