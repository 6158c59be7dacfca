import { describe, expect, test } from '@jest/globals'
import type { Side } from '../../src/simulator/shown.ts'
import { clicked, LANDING, linkFor, completeFlow } from '../support/consent.ts'
import { granting, startOdd } from '../support/odd-consent.ts'

describe('a user who has consented before and clicks where this chat is requested', () => {
  async function afterConsentTo(scopes: readonly string[], side: Side, granted?: string): Promise<string> {
    const odd = await startOdd({ scopes: ['chat', 'offline'] })
    if (granted !== undefined) odd.odd.onToken(granting(granted))
    const link = await linkFor({ ...odd.gateway, divar: odd.divar }, scopes, side)
    expect((await completeFlow(link, { side })).status).toBe(303)
    return clicked(odd.at, side)
  }
  const ASKED = expect.stringContaining('/oauth/start/')
  const LANDS = expect.stringContaining(LANDING)

  test.each([
    ['lands where the grant lasts', ['chat', 'offline'], 'buyer', LANDS],
    ['is asked again where it does not last, and that is asked for too', ['chat'], 'buyer', ASKED],
    ['lands as the seller of the post, whose chats are all granted', ['post_chats', 'offline'], 'seller', LANDS],
    ['lands as the seller who has granted all chats', ['seller_chats', 'offline'], 'seller', LANDS],
  ] as const)('%s', async (_, scopes, side, expected) => {
    expect(await afterConsentTo(scopes, side)).toEqual(expected)
  })

  test('is asked as the buyer, even with consent to the chats of own posts', async () => {
    const granted = 'USER_PHONE USER_ID offline_access CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND'
    expect(await afterConsentTo(['phone', 'offline'], 'buyer', granted)).toEqual(ASKED)
  })
})
