import { createHash } from 'node:crypto'
import { COMPLETION_URL } from '../click/return-url.ts'
import { askedOfMessage, type Asked } from '../consent/request.ts'
import type { Walk } from '../consent/walk.ts'
import type { Address, Sender } from '../message/message.ts'
import { ScopeError } from '../scope/wanted.ts'
import { StoreError } from '../store/store.ts'

/** A service that repeats a refused request gets the same link for so long, and not a new one each time. */
const SAME_FOR_MS = 60_000
const MAX_REMEMBERED = 1000

/** Ready links for refusals: where the user could be sent. */
export type ConsentUrls = ReturnType<typeof createConsentUrls>

export function createConsentUrls(walk: Walk | undefined) {
  const recent = new Map<string, { url: string; madeAt: number }>()

  const makeUrl = async (words: readonly string[], asked: Asked): Promise<string | undefined> => {
    if (walk === undefined) return undefined
    const name = createHash('sha256')
      .update(JSON.stringify([words, asked]))
      .digest('base64url')
    const known = recent.get(name)
    if (known !== undefined && performance.now() - known.madeAt < SAME_FOR_MS) return known.url
    try {
      const { url } = await walk.begin(words, asked, { landing: COMPLETION_URL, returnUrl: COMPLETION_URL })
      recent.delete(name)
      recent.set(name, { url, madeAt: performance.now() })
      const [oldest] = recent.keys()
      if (recent.size > MAX_REMEMBERED && oldest !== undefined) recent.delete(oldest)
      return url
    } catch (error) {
      // The refusal itself is worth telling without a link too.
      if (error instanceof ScopeError || error instanceof StoreError) return undefined
      throw error
    }
  }

  return {
    forMessage: (address: Address, sender: Sender) => makeUrl(['chat', 'offline'], askedOfMessage(address, sender)),
    forUser: (userId: string) => makeUrl(['phone', 'user_id', 'offline'], { userId }),
  }
}
