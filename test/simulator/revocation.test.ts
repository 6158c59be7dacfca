import { describe, expect, test } from '@jest/globals'
import SCOPES from '../../src/simulator/published-scopes.json' with { type: 'json' }
import { SCOPE_WORDS } from '../../src/simulator/scope-words.ts'
import { startRecordingApp } from '../support/recording-app.ts'

const token = (...scopes: string[]) => ({ tokens: [{ accessToken: 'token', side: 'buyer' as const, scopes }] })

describe('a user who revokes the access of the app', () => {
  test('ends its tokens, and the app is told', async () => {
    const app = await startRecordingApp(undefined, token('NOTIFICATION_ACCESS_REVOCATION', 'USER_ID'))
    const { body } = await app.control('revoke', { side: 'buyer' })
    expect(body).toEqual({ revoked: true, told: true })
    const [event] = await app.called(1)
    expect(event?.body).toEqual({
      type: 'USER_ACCESS_REVOCATION',
      user_access_revocation: { user_id: app.simulator.world.people.buyer.v2Id },
    })
    expect(app.simulator.grants.find('token')).toBeUndefined()
  })

  test('without the two scopes for it is not told to the app, and the timeline says why', async () => {
    const app = await startRecordingApp(undefined, token('USER_ID'))
    expect((await app.control('revoke', { side: 'buyer' })).body).toEqual({ revoked: true, told: false })
    const [entry] = app.simulator.conversation.snapshot().timeline
    expect(entry?.notes[1]).toContain('NOTIFICATION_ACCESS_REVOCATION')
    await app.control('events', { type: 'POST_UPDATE' })
    expect(app.calls).toHaveLength(1)
  })

  test('of an app that has none changes nothing', async () => {
    const app = await startRecordingApp(undefined, token('USER_ID'))
    expect((await app.control('revoke', { side: 'seller' })).body).toEqual({ revoked: false, told: false })
    expect(app.simulator.conversation.snapshot().timeline).toEqual([])
  })
})

test('the consent page names each published scope in Persian and English, and the token gets all of them', async () => {
  const callback = 'http://127.0.0.1:9/callback'
  const { simulator } = await startRecordingApp(undefined, {
    app: { slug: 'app', clientSecret: 'secret', redirectUris: [callback] },
  })
  const scope = SCOPES.map((name) => name.replace('.resource_id', '.AZf3Uqr3')).join(' ')
  const asked = {
    client_id: 'app',
    redirect_uri: callback,
    response_type: 'code',
    scope,
    state: '0123456789abcdef',
  }
  for (const lang of ['fa', 'en'] as const) {
    const page = await fetch(`${simulator.url}/oauth2/auth?${new URLSearchParams({ ...asked, lang }).toString()}`)
    const text = (await page.text()).replaceAll('&#39;', "'")
    for (const name of SCOPES) expect(text).toContain(SCOPE_WORDS[name.split('.')[0] ?? '']?.[lang])
  }
  const decided = await fetch(`${simulator.url}/oauth2/auth/decision`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ ...asked, decision: 'allow', side: 'seller' }),
  })
  const code = new URL(decided.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const tokens = await fetch(`${simulator.url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      client_id: 'app',
      client_secret: 'secret',
      redirect_uri: callback,
    }),
  })
  expect(await tokens.json()).toMatchObject({ scope, refresh_token: expect.any(String) })
})
