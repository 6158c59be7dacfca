import * as z from 'zod'
import type { Environment } from '../../src/config/config.ts'
import { ask, clickMenu, startConsentDivar, completeFlow, withConsent, type Asking } from './consent.ts'
import type { TestGateway } from './gateway.ts'
import { startDivarProxy, withMembers, type Change } from './divar-proxy.ts'
import { startOn } from './outbox.ts'
import { alter } from './stores.ts'

export const ON_DENIED = 'https://app.example.com/no'
export const NEARLY_EXPIRED = `update user_grant set access_until = access_until - 3570000, refreshed_at = refreshed_at - 3570000`
export const EXPIRED = `update user_grant set access_until = 0, refreshed_at = refreshed_at - 3600000`

/** A gateway with consent, and a proxy through which a test changes answers of Divar. */
export async function startConsentSetup({ environment: more, ...asking }: Asking & { environment?: Environment } = {}) {
  const { divar, pass } = await startConsentDivar()
  const proxy = await startDivarProxy(divar.url)
  const environment: Environment = {
    ...(await withConsent(proxy.url, { onDenied: ON_DENIED, ...asking })),
    RETRY_MAX_MS: '1000',
    ...more,
  }
  const gateway = await startOn(environment)
  return { divar, pass, proxy, environment, gateway, at: { url: gateway.url, divar } }
}

export type ConsentSetup = Awaited<ReturnType<typeof startConsentSetup>>

/** The same after one consent, with the rows of the store changed. */
export async function consented(
  statement: string,
  asking: Parameters<typeof startConsentSetup>[0] = {},
): Promise<ConsentSetup> {
  const first = await startConsentSetup(asking)
  await completeFlow(await clickMenu(first.at))
  const gateway = await restartAfter(first, statement)
  return { ...first, gateway, at: { url: gateway.url, divar: first.divar } }
}

export async function restartAfter(
  { gateway, environment }: Pick<ConsentSetup, 'gateway' | 'environment'>,
  statement: string,
) {
  await gateway.stop()
  await alter(String(environment['DATABASE_URL']), statement)
  return startOn(environment)
}

const grantsShown = z.object({
  grants: z.array(z.object({ scopes: z.array(z.string()), access_expires_at: z.string(), expires_at: z.string() })),
})

export async function grantsOf(gateway: TestGateway, userId: string) {
  return grantsShown.parse(JSON.parse((await ask(gateway, `/grants?user_id=${encodeURIComponent(userId)}`)).text))
    .grants
}

export async function allGrants({ gateway, divar }: Pick<ConsentSetup, 'gateway' | 'divar'>) {
  const { buyer, seller } = divar.world.people
  const found = await Promise.all(
    [buyer, seller].flatMap(({ v1Id, v2Id }) => [grantsOf(gateway, v1Id), grantsOf(gateway, v2Id)]),
  )
  return found.flat()
}

/** Answers with these scopes as granted, regardless of the request. */
export function granting(scope: unknown): Change {
  return withMembers({ scope })
}

export const chatOf = ({ divar }: ConsentSetup) => `CONVERSATION_SEND_MESSAGE.${divar.world.conversationId}`
export const tripleOf = ({ divar }: ConsentSetup) => {
  const { people, post } = divar.world
  return Buffer.from(`${people.buyer.v1Id}:${post.token}:${people.seller.v1Id}`).toString('base64')
}
