import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import * as z from 'zod'
import { originOf } from './listen.ts'
import { parseJson, type Json } from './requests.ts'

type BotCall = { path: string; headers: IncomingHttpHeaders; json: Json }
/** `silence`: the call is read and never answered. */
type BotAnswer = { status: number; body: string; headers?: Record<string, string> } | 'silence'

export const BOT_PATH = '/v1/open-platform/chat/bot'
export const botPath = (encodedId: string) => `${BOT_PATH}/conversations/${encodedId}/messages`
export const botUserPath = (encodedId: string) => `${BOT_PATH}/users/${encodedId}/messages`
/** The platform's paths, with those that old clients call. */
export const BOT_PATHS = [
  botPath('c-1'),
  botUserPath('u-1'),
  '/experimental/open-platform/chat/bot/conversations/c-1/messages',
  '/experimental/open-platform/chat/bot/users/u-1/messages',
  '/experimental/open-platform/chatbot-conversations/c-1/messages',
]

/** Divar as far as its bot is concerned. Other calls go to the simulator at `simulatorUrl`. */
export async function startBotDivar(simulatorUrl?: string) {
  const calls: BotCall[] = []
  const answers: BotAnswer[] = []
  const waiting = new Set<() => void>()

  const answerBot = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    calls.push({ path: request.url ?? '', headers: request.headers, json: parseJson(body) })
    for (const look of waiting) look()
    const answer = answers.shift() ?? { status: 200, body: JSON.stringify({ conversation_id: `b-${calls.length}` }) }
    if (answer === 'silence') return
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body)
  }

  const passOn = async ({ method = 'GET', url = '/', headers }: IncomingMessage, response: ServerResponse) => {
    const { authorization = '', 'x-api-key': key = '' } = headers
    const answer = await fetch(new URL(url, simulatorUrl), {
      method,
      headers: { authorization, 'x-api-key': String(key) },
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  }

  const url = await originOf(
    createServer((request, response) => {
      const answered = async () => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(z.instanceof(Buffer).parse(chunk))
        if (request.url?.startsWith(BOT_PATH) === true) answerBot(request, response, Buffer.concat(chunks).toString())
        else await passOn(request, response)
      }
      answered().catch(() => response.destroy())
    }),
  )
  return {
    url,
    calls,
    environment: { DIVAR_API_URL: url },
    /** Queues an answer for one call. */
    answerNext: (...next: BotAnswer[]) => answers.push(...next),
    texts: () => calls.map(({ json }) => json['text_message']),
    /** Resolves once so many calls have come. */
    called: (times: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (calls.length < times) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

export type BotDivar = Awaited<ReturnType<typeof startBotDivar>>

export const IN_CHAT = { bot: { conversation_id: 'c-1' }, text_message: 'سلام' }
export const TO_USER = { bot: { user_id: 'u/1=' }, text_message: 'سلام' }
