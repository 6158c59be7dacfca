import { expect, test } from '@jest/globals'
import { completeFlow, startConsentGateway } from '../support/consent.ts'
import { call, problemIn } from '../support/platform.ts'

test('after the owner of a post has followed consent_url, the same call is allowed, without naming the user', async () => {
  const gateway = await startConsentGateway({}, { CALLER_PERMISSIONS: 'orders=platform' })
  const ask = () =>
    call(gateway, 'post', `/v2/open-platform/addons/post/${gateway.divar.world.post.token}`, { body: {} })
  const refused = await ask()
  const { code, consent_url: link = '' } = problemIn(refused.text)
  expect([refused.status, code]).toEqual([403, 'consent_required'])
  expect((await completeFlow(link, { side: 'seller' })).status).toBe(303)
  const { status, text } = await ask()
  expect([status < 300 || status === 400, text]).toEqual([true, expect.not.stringContaining('kenar/problem')])
})
