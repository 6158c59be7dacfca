import { Option, type Command } from 'commander'
import * as z from 'zod'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { call, readJson } from './call.ts'
import { collect, readClick, type ClickFile } from './files.ts'
import { EXIT, type ExitCode } from './io.ts'
import { paint, type Output } from './output.ts'
import { Target } from './target.ts'

const options = z.object({
  set: z.array(z.string()).default([]),
  unset: z.array(z.string()).default([]),
  url: z.string(),
  key: z.string(),
  wire: z.enum(['v1', 'v2']).optional(),
  json: z.boolean().optional(),
})

export const SESSION_PATH = '/divar/session'
export const ACTION_PATH = '/divar/action'
export const EVENTS_PATH = '/divar/events'

/** Options that change the click; `try` has them too. */
export function addClickOptions(command: Command): Command {
  return command
    .option('--set <path=value>', 'change a member of the body, as in extra_data.provider_data.order_id=B-7', collect)
    .option('--unset <path>', 'remove a member of the body', collect)
    .addOption(
      new Option('--wire <wire>', 'the API version; default: of the file, or guessed from its members').choices([
        'v1',
        'v2',
      ]),
    )
}

export function registerTrigger(program: Command, output: Output, end: (code: ExitCode) => void): void {
  addClickOptions(program.command('trigger <click>'))
    .description(
      'send a click, a dynamic action or an event to a gateway, as Divar does; <click> is a file or v1-menu, v1-button, v1-location, v2-menu, v2-button, action, event',
    )
    .option('--url <address>', 'the gateway', 'http://127.0.0.1:3000')
    .addOption(
      new Option('--key <key>', "Divar's identification key").env('DIVAR_IDENTIFICATION_KEY').makeOptionMandatory(),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ kenar-chat-gateway trigger v1-button --set extra_data.provider_data.order_id=B-7\n',
    )
    .action(async (named: string, given: unknown) => {
      const { wire, url, key, json, ...changes } = options.parse(given)
      const { kind, ...click } = await readClick(named, { ...changes, ...(wire && { wire }) })
      if (kind !== 'click') {
        const path = kind === 'action' ? ACTION_PATH : EVENTS_PATH
        const answer = await sendBody(new Target(url).route(path), key, click.body)
        if (json) output.json(answer)
        else if (answer.answer)
          output.out([paint('green', '200'), ` ${JSON.stringify(answer.answer)} (${answer.ms} ms)`])
        else output.out([paint('red', String(answer.status)), ` ${answer.message} (${answer.ms} ms)`])
        end(answer.answer === undefined ? EXIT.wrong : EXIT.ok)
        return
      }
      const answer = await sendClick(new Target(url).route(SESSION_PATH), key, click)
      if (json) output.json(answer)
      else if (answer.landing !== undefined) output.out([paint('green', '200'), ` ${answer.landing} (${answer.ms} ms)`])
      else output.out([paint('red', String(answer.status)), ` ${answer.message} (${answer.ms} ms)`])
      end(answer.landing === undefined ? EXIT.wrong : EXIT.ok)
    })
}

const answerShape = z.object({ url: z.string().min(1).optional().catch(undefined), message: z.string().catch('') })

/** The gateway's answer to a click: its landing, or the reason why there is none. */
type ClickAnswer = { status: number; message: string; landing?: string; ms: number }

export async function sendClick(url: URL, key: string, { wire, body }: ClickFile): Promise<ClickAnswer> {
  const {
    status,
    body: text,
    ms,
  } = await call(url, {
    headers: { 'content-type': 'application/json', authorization: key, ...(wire === 'v2' && { 'api-version': '2' }) },
    body: JSON.stringify(body),
  })
  const answer = answerShape.safeParse(readJson(text)).data
  const message = answer?.message ?? 'the answer is not a JSON object'
  return { status, message, ms, ...(status === 200 && answer?.url !== undefined && { landing: answer.url }) }
}

/** The gateway's answer to a dynamic action or an event, or the reason why there is none. */
type BodyReply = { status: number; message: string; answer?: JsonObject; ms: number }

async function sendBody(url: URL, key: string, body: JsonObject): Promise<BodyReply> {
  const headers = { 'content-type': 'application/json', authorization: key }
  const { status, body: text, ms } = await call(url, { headers, body: JSON.stringify(body) })
  const answer = readJson(text)
  if (!isJsonObject(answer)) return { status, message: 'the answer is not a JSON object', ms }
  return status === 200
    ? { status, message: 'success', answer, ms }
    : { status, message: answerShape.parse(answer).message, ms }
}
