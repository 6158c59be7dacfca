import { Option, type Command } from 'commander'
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { isJsonObject } from '../base/strict-json.ts'
import { call, readJson, routeAt } from './call.ts'
import { readJsonFile } from './files.ts'
import { CommandFailure, EXIT, type ExitCode, type Io } from './io.ts'
import { paint, printJson } from './print.ts'
import { validateValue } from './validate.ts'

const options = z.object({
  url: z.string(),
  key: z.string(),
  token: z.string().optional(),
  conversation: z.string().optional(),
  async: z.boolean().optional(),
  idempotencyKey: z.string().optional(),
  json: z.boolean().optional(),
})

export function registerSend(program: Command, io: Io, end: (code: ExitCode) => void): void {
  program
    .command('send <file>')
    .description('check a message, then send it through a gateway as a service of yours would')
    .option('--url <address>', 'the gateway', 'http://127.0.0.1:3000')
    .addOption(new Option('--key <key>', 'a key of INTERNAL_API_KEYS').env('KENAR_INTERNAL_KEY').makeOptionMandatory())
    .addOption(new Option('--token <token>', 'the access token of the user in whose name').env('KENAR_USER_TOKEN'))
    .option('--conversation <id>', 'send to this conversation, on v2')
    .option('--async', 'answer once it is safe with the gateway, not once it is delivered')
    .option('--idempotency-key <key>', 'make a repeat of this command safe')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway send message.json --token "$TOKEN"\n')
    .action(async (file: string, given: unknown) => {
      const wishes = options.parse(given)
      const body = await readMessage(file, wishes.conversation)
      const {
        status,
        body: text,
        ms,
      } = await call(addressOf(wishes), {
        headers: headersOf(wishes),
        body: JSON.stringify(body),
      })
      const answer = answerShape.parse(readJson(text) ?? {})
      const isTaken = status === 200 || status === 202
      if (wishes.json) printJson(io, { http_status: status, ms, ...answer })
      else if (isTaken) io.out(`${paint(io, 'green', String(status))} ${String(answer['id'])} (${ms} ms)`)
      else
        io.out(`${paint(io, 'red', String(status))} ${String(answer['code'])}: ${String(answer['detail'])} (${ms} ms)`)
      end(isTaken ? EXIT.ok : EXIT.wrong)
    })
}

const answerShape = z.record(z.string(), z.unknown())

async function readMessage(file: string, conversation: string | undefined): Promise<unknown> {
  const value = await readJsonFile(file).catch((error: unknown) => {
    throw error instanceof Fault ? new CommandFailure(`${file}: ${error.message}`, EXIT.wrong) : error
  })
  const saved = isJsonObject(value) && value['kind'] === 'delivery' ? value['body'] : value
  const { errors } = validateValue(saved, { as: 'message', ...(conversation !== undefined && { conversation }) })
  if (errors.length > 0) {
    const list = errors.map(({ pointer, detail }) => `  ${pointer || '(all of it)'}: ${detail}`).join('\n')
    throw new CommandFailure(`${file}: not sent, it is not valid\n${list}`, EXIT.wrong)
  }
  return saved
}

function addressOf({ url, conversation }: z.infer<typeof options>): string {
  return conversation === undefined
    ? routeAt(url, '/messages')
    : routeAt(url, `/v2/open-platform/conversations/${encodeURIComponent(conversation)}/messages`)
}

function headersOf(wishes: z.infer<typeof options>): Record<string, string> {
  const { key, token, async: later, idempotencyKey } = wishes
  return {
    'content-type': 'application/json',
    'x-api-key': key,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(later && { prefer: 'respond-async' }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  }
}
