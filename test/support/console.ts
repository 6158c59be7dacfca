import supertest, { type Response } from 'supertest'
import * as z from 'zod'
import { KEYS, startTestGateway, type TestGateway } from './gateway.ts'

export const OPERATOR_KEY = 'operator-key-0123456789'

/** Callers of a gateway with a console: `ops` may operate, `orders` may not. */
export const CONSOLE_CALLERS = {
  INTERNAL_PORT: '0',
  INTERNAL_API_KEYS: `orders:${KEYS.caller},ops:${OPERATOR_KEY}`,
  CALLER_PERMISSIONS: 'orders=send,consents,users,clicks;ops=operate',
}

export function startConsoleGateway(
  ...[overrides, options]: Parameters<typeof startTestGateway>
): Promise<TestGateway> {
  return startTestGateway(
    (divarUrl) => ({ ...CONSOLE_CALLERS, ...(typeof overrides === 'function' ? overrides(divarUrl) : overrides) }),
    options,
  )
}

/** Logs in as a browser does. */
export function logIn({ internalUrl }: Pick<TestGateway, 'internalUrl'>, key = OPERATOR_KEY) {
  return supertest(internalUrl).post('/console/session').set('origin', internalUrl).send({ key })
}

export function cookieOf({ headers }: Response): string {
  return z.tuple([z.string()]).parse(headers['set-cookie'])[0]
}

export type ConsoleSession = { cookie: string; token: string }

/** A session, as the browser and the page have it. */
export async function openSession(
  gateway: Pick<TestGateway, 'internalUrl'>,
  key = OPERATOR_KEY,
): Promise<ConsoleSession> {
  const [cookie = ''] = cookieOf(await logIn(gateway, key).expect(204)).split(';')
  const { text } = await supertest(gateway.internalUrl).get('/console').set('cookie', cookie).expect(200)
  const token = /name="console-token" content="([\w-]+)"/.exec(text)?.[1] ?? ''
  return { cookie, token }
}
