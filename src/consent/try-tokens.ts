import type { Grant } from './grant.ts'
import type { Grants } from './grants.ts'

/** The current token, the previous one, and a refreshed one; of all grants together. */
const MAX_TOKENS = 3

/** `gone`: the grant was deleted meanwhile; another may serve. */
type Tried<Result> = { kind: 'tried'; result: Result } | { kind: 'gone' } | { kind: 'not_refreshed'; reason: string }

/**
 * Sends with the tokens of one grant until Divar does not refuse one, adding refused ones to `refusedTokens`. Divar did nothing with a
 * refused token, so the same attempt may use another.
 */
export async function tryTokens<Result>(
  grants: Pick<Grants, 'afterRefusal'>,
  chosen: Grant,
  refusedTokens: Set<string>,
  send: (token: string) => Promise<Result>,
  isTokenRefused: (result: Result) => boolean,
): Promise<Tried<Result>> {
  let { accessToken } = chosen
  for (;;) {
    const result = await send(accessToken)
    if (!isTokenRefused(result) || refusedTokens.size === MAX_TOKENS - 1) return { kind: 'tried', result }
    const next = await grants.afterRefusal(chosen.id, refusedTokens.add(accessToken))
    if (next.kind === 'not_refreshed') return next
    if (next.kind !== 'grant') return next.kind === 'gone' ? { kind: 'gone' } : { kind: 'tried', result }
    accessToken = next.grant.accessToken
  }
}
