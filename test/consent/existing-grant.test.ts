import { describe, expect, test } from '@jest/globals'
import type { Side } from '../../src/simulator/shown.ts'
import { clickMenu, LANDING, linkFor, completeFlow } from '../support/consent.ts'
import { granting, startConsentSetup } from '../support/consent-setup.ts'

describe('a user with a previous consent who clicks where this chat is requested', () => {
  async function afterConsentTo(scopes: readonly string[], side: Side, granted?: string): Promise<string> {
    const setup = await startConsentSetup({ scopes: ['chat', 'offline'] })
    if (granted !== undefined) setup.proxy.onToken(granting(granted))
    const link = await linkFor({ ...setup.gateway, divar: setup.divar }, scopes, side)
    expect((await completeFlow(link, { side })).status).toBe(303)
    return clickMenu(setup.at, side)
  }
  const ASKED = expect.stringContaining('/oauth/start/')
  const LANDS = expect.stringContaining(LANDING)

  test.each([
    ['gets the landing if the grant does not end soon', ['chat', 'offline'], 'buyer', LANDS],
    ['is asked again if it does, with offline access', ['chat'], 'buyer', ASKED],
    [
      'gets the landing as the seller of the post, whose chats are all granted',
      ['post_chats', 'offline'],
      'seller',
      LANDS,
    ],
    ['gets the landing as a seller who has granted all chats', ['seller_chats', 'offline'], 'seller', LANDS],
  ] as const)('%s', async (_, scopes, side, expected) => {
    expect(await afterConsentTo(scopes, side)).toEqual(expected)
  })

  test("is asked as a buyer, even after consent to the chats of the user's own posts", async () => {
    const granted = 'USER_PHONE USER_ID offline_access CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND'
    expect(await afterConsentTo(['phone', 'offline'], 'buyer', granted)).toEqual(ASKED)
  })
})
