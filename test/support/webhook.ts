import { createServer, type IncomingHttpHeaders } from 'node:http'
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import * as z from 'zod'
import type { Environment } from '../../src/config/config.ts'
import { originOf } from './listen.ts'

const notice = z.strictObject({
  type: z.string().regex(/^message\.(delivered|rejected|failed|unknown|cancelled|expired)$/),
  timestamp: z.iso.datetime(),
  data: z.strictObject({
    id: z.string(),
    caller: z.string(),
    state: z.string(),
    attempts: z.int(),
    last_attempt: z
      .strictObject({
        outcome: z.string(),
        status: z.int().nullable(),
        code: z.string().nullable(),
        reason: z.string().nullable(),
      })
      .nullable(),
  }),
})

/** A received status webhook, with its signature verified. */
export type Notice = z.infer<typeof notice> & {
  webhookId: string
  url: string
  headers: IncomingHttpHeaders
  text: string
}

export type TestWebhook = {
  environment: Environment
  secret: string
  /** The accepted webhooks in order; each was verified as a receiver would. */
  notices: Notice[]
  /** Every request, with the status of its answer. */
  asked: { webhookId: string; status: number }[]
}

/** A service that receives status webhooks. It gives `answers` one after the other, then 204. */
export async function startWebhook(...answers: number[]): Promise<TestWebhook> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const verifier = new Webhook(secret)
  const notices: Notice[] = []
  const asked: TestWebhook['asked'] = []
  const url = await originOf(
    createServer((request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
      request.on('end', () => {
        const { headers, url: path = '' } = request
        const webhookId = String(headers['webhook-id'])
        const status = answers.shift() ?? 204
        asked.push({ webhookId, status })
        if (status < 300) {
          const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
          notices.push({ ...notice.parse(verifier.verify(text, signed)), webhookId, url: path, headers, text })
        }
        response.writeHead(status).end()
      })
    }),
  )
  return {
    environment: { STATUS_WEBHOOK_URL: `${url}/kenar?source=chat`, STATUS_WEBHOOK_SECRET: secret },
    secret,
    notices,
    asked,
  }
}
