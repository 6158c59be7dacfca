import { hash } from 'node:crypto'
import { COMPLETION_URL } from '../click/return-url.ts'
import { subjectOfMessage, type ConsentSubject } from './consent-request.ts'
import { TooManyFlowsError, type AuthorizationFlow } from './authorization-flow.ts'
import type { Address, Sender } from '../message/message.ts'
import { ScopeError } from '../scope/requested-scopes.ts'
import { StoreError } from '../store/store.ts'

/** A client that repeats a refused request gets the same link for so long. A link is used up by one consent, so not for longer. */
const SAME_FOR_MS = 10_000
const MAX_REMEMBERED = 1000

/** Ready links for refusals: where the user could be sent. */
export type ConsentUrls = ReturnType<typeof createConsentUrls>

export function createConsentUrls(flow: AuthorizationFlow | undefined) {
  const recent = new Map<string, { url: Promise<string | undefined>; madeAt: number }>()

  const begin = async (
    flow: AuthorizationFlow,
    caller: string,
    words: readonly string[],
    asked: ConsentSubject,
  ): Promise<string | undefined> => {
    try {
      const destination = { landing: COMPLETION_URL, returnUrl: COMPLETION_URL }
      return (await flow.begin(words, asked, destination, { kind: 'caller', name: caller })).url
    } catch (error) {
      // The refusal itself is worth telling without a link too.
      if (error instanceof ScopeError || error instanceof StoreError || error instanceof TooManyFlowsError)
        return undefined
      throw error
    }
  }

  const makeUrl = (caller: string, words: readonly string[], asked: ConsentSubject): Promise<string | undefined> => {
    if (flow === undefined) return Promise.resolve(undefined)
    const name = hash('sha256', JSON.stringify([caller, words, asked]), 'base64url')
    const known = recent.get(name)
    if (known !== undefined && performance.now() - known.madeAt < SAME_FOR_MS) return known.url
    const url = begin(flow, caller, words, asked)
    recent.delete(name)
    recent.set(name, { url, madeAt: performance.now() })
    const [oldest] = recent.keys()
    if (recent.size > MAX_REMEMBERED && oldest !== undefined) recent.delete(oldest)
    return url
  }

  return {
    forMessage: (caller: string, address: Address, sender: Sender) =>
      makeUrl(caller, ['chat', 'offline'], subjectOfMessage(address, sender)),
    forUser: (caller: string, userId: string) => makeUrl(caller, ['phone', 'user_id', 'offline'], { userId }),
  }
}
