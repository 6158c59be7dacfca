import { createServer } from 'node:http'
import * as z from 'zod'
import { originOf } from './listen.ts'

export const APP = { slug: 'bike-inspection', clientSecret: 'client-secret-of-the-app' }

/** An app's side of the authorization flow: exchanges the code and shows the result on a page. */
export async function startConsentApp(simulatorUrl: () => string): Promise<{ callback: string }> {
  const origin: string = await originOf(
    createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://app')
      exchange(simulatorUrl(), `${origin}/callback`, searchParams)
        .then((text) => response.end(text))
        .catch(() => response.destroy())
    }),
  )
  return { callback: `${origin}/callback` }
}

async function exchange(simulatorUrl: string, redirectUri: string, query: URLSearchParams): Promise<string> {
  const code = query.get('code')
  if (code === null) return `denied: ${String(query.get('error'))}`
  const answer = await fetch(`${simulatorUrl}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: APP.slug,
      client_secret: APP.clientSecret,
    }),
  })
  const { scope } = z.object({ scope: z.string().optional() }).parse(await answer.json())
  return `granted: ${String(scope)}`
}
