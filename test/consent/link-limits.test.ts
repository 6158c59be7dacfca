import { expect, test } from '@jest/globals'
import { TooManyFlowsError, type AuthorizationFlow } from '../../src/consent/authorization-flow.ts'
import { createConsentUrls } from '../../src/consent/consent-links.ts'

const SCOPE = 'USER_POSTS_GET'

test('links for kept subscriptions and links of lists leave the limit of POST /consents alone', async () => {
  const open = new Map<string, number>()
  const begin: AuthorizationFlow['begin'] = (_words, _subject, _destination, startedBy) => {
    const count = (open.get(startedBy) ?? 0) + 1
    if (count > 3) return Promise.reject(new TooManyFlowsError())
    open.set(startedBy, count)
    return Promise.resolve({ id: 'cns', url: `https://gw.example.com/${startedBy}/${count}`, expiresAt: new Date(0) })
  }
  const urls = createConsentUrls({ flow: { begin }, completionUrl: 'https://gw.example.com/completion' })
  for (const user of ['u-1', 'u-2', 'u-3']) {
    expect(await urls.forKept('orders', SCOPE, user)).toBeDefined()
    expect(await urls.forListed('orders', SCOPE, user)).toBeDefined()
  }
  expect(await urls.forKept('orders', SCOPE, 'u-4')).toBeUndefined()
  expect(await urls.forKept('orders', SCOPE, 'u-1')).toBeDefined()
  expect(await urls.forKept('billing', SCOPE, 'u-1')).toBeDefined()
  expect([...open.keys()]).not.toContain('caller:orders')
})
