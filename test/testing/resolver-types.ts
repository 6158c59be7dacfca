/** What the compiler accepts of a resolver and its tests, and what it does not. Also compiled against the built package. */
import {
  defineAction,
  defineResolver,
  type DynamicAction,
  type Landing,
  type RequestedScope,
  type Resolver,
} from '../../src/index.ts'
import { actionRequest, clickV1, clickV2, runAction, runResolver } from '../../src/testing/index.ts'

const chosen: RequestedScope[] = ['chat', 'phone']

export const accepted: Resolver[] = [
  defineResolver((click) => ({ url: `https://app.example.com/${String(click.data['order_id'])}` })),
  defineResolver(({ side }) =>
    side === 'supply' ? { url: 'https://a.example', scopes: ['chat'] } : { url: 'https://b.example' },
  ),
  defineResolver(async ({ postToken }, { signal, log }) => {
    log.info({ event: 'asked' })
    await fetch('https://app.example.com', { signal })
    if (postToken === undefined) return { url: 'https://a.example', message: 'welcome' }
    return {
      url: 'https://b.example',
      scopes: ['offline', 'CHAT_POST_CONVERSATIONS_MESSAGE_SEND.AZf3Uqr3'],
      onDenied: 'https://c.example',
    }
  }),
  defineResolver(() => ({ url: 'https://a.example', scopes: chosen })),
  defineResolver(() => Promise.reject(new Error('no landing'))),
]

export const refused = [
  // @ts-expect-error a Landing has `scopes`
  defineResolver(() => ({ url: 'https://a.example', scope: ['chat'] })),
  // @ts-expect-error the same of a promise
  defineResolver(() => Promise.resolve({ url: 'https://a.example', scope: ['chat'] })),
  // @ts-expect-error the same of one answer among others
  defineResolver(({ side }) =>
    side === 'supply' ? { url: 'https://a.example' } : { url: 'https://b.example', scope: ['chat'] },
  ),
  // @ts-expect-error there is no such scope
  defineResolver(() => ({ url: 'https://a.example', scopes: ['bogus'] })),
  // @ts-expect-error there is no such scope: it is post_chats
  defineResolver(() => Promise.resolve({ url: 'https://a.example', scopes: ['post_chat'] })),
  // @ts-expect-error in TypeScript it is onDenied
  defineResolver(() => ({ url: 'https://a.example', on_denied: 'https://b.example' })),
  // @ts-expect-error a Landing has a url
  defineResolver(() => ({ message: 'welcome' })),
  // @ts-expect-error a Click has postToken
  defineResolver((click) => ({ url: `https://a.example/${click.post_token}` })),
]

export function clicks() {
  clickV1({
    user_id: undefined,
    extra_data: { provider_data: { order_id: 7 }, location: { latitude: 35.7, longitude: '51.4' } },
  })
  clickV2({ user_side: 'SUPPLY', extra_data: { order_id: 'B-7' }, ...{ a_member_that_divar_may_add: 1 } })
  // @ts-expect-error Divar writes post_token
  clickV1({ postToken: 'AZf3Uqr3' })
  // @ts-expect-error on v1 the app's own data is in provider_data
  clickV1({ extra_data: { order_id: 'B-7' } })
  // @ts-expect-error v2 has no peer_id
  clickV2({ peer_id: 'u-1' })
  // @ts-expect-error an id is a string
  clickV2({ user_id: 7 })
}

export async function landing(): Promise<Landing> {
  const run = (resolver: Resolver) => runResolver(resolver, clickV1(), { allowedOrigins: 'https://a.example' })
  // @ts-expect-error it is allowedOrigins
  await runResolver(() => ({ url: 'https://a.example' }), clickV1(), { allowedOrigin: ['https://a.example'] })
  const { scopes = [] } = await run(() => ({ url: 'https://a.example' }))
  return { url: 'https://a.example', scopes }
}

export const acceptedActions: DynamicAction[] = [
  defineAction(({ touchpoint }) => ({ text: touchpoint })),
  defineAction(({ id }) => ({ url: `https://a.example/${id}`, text: 'opening' })),
  defineAction(async ({ data }, { signal }) => {
    const { ok } = await fetch('https://a.example', { signal })
    return ok ? { data: { ...data, step: 2 } } : { text: 'taken' }
  }),
]

export const refusedActions = [
  // @ts-expect-error url and data exclude each other
  defineAction(() => ({ url: 'https://a.example', data: {} })),
  // @ts-expect-error it answers something
  defineAction(() => ({})),
  // @ts-expect-error it is text
  defineAction(() => ({ url: 'https://a.example', message: 'welcome' })),
  // @ts-expect-error data is an object
  defineAction(() => ({ data: 'step 2' })),
  // @ts-expect-error a request has postToken
  defineAction((request) => ({ text: String(request.post_token) })),
]

export async function action(): Promise<string | undefined> {
  // @ts-expect-error Divar writes post_token
  actionRequest({ postToken: 'AZf3Uqr3' })
  return (await runAction(() => ({ text: 'ok' }), actionRequest({ extra_data: { a: 1 } }))).text
}
