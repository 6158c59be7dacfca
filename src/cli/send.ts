import { Option, type Command } from 'commander'
import * as z from 'zod'
import { Fault, type FieldError } from '../base/fault.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { findIgnoredMembers } from '../message/ignored-members.ts'
import { isBotMessage } from '../message/parse-message.ts'
import { call, readJson, type Reply } from './call.ts'
import { readJsonFile } from './files.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { paint, type Line, type Output } from './output.ts'
import { Target } from './target.ts'
import { explainIgnored } from './ignored.ts'
import { validateValue } from './validate.ts'

const optionsShape = z.object({
  url: z.string(),
  key: z.string(),
  token: z.string().optional(),
  conversation: z.string().optional(),
  async: z.boolean().optional(),
  unchecked: z.boolean().optional(),
  idempotencyKey: z.string().optional(),
  json: z.boolean().optional(),
})
type Options = z.infer<typeof optionsShape>

export function registerSend(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('send <file>')
    .description('check a message, then send it through a gateway as your service would')
    .option('--url <address>', 'the gateway', 'http://127.0.0.1:3000')
    .addOption(new Option('--key <key>', 'a key of INTERNAL_API_KEYS').env('KENAR_INTERNAL_KEY').makeOptionMandatory())
    .addOption(new Option('--token <token>', 'the access token of the user who sends').env('KENAR_USER_TOKEN'))
    .option('--conversation <id>', 'send to this conversation, on v2')
    .option('--async', 'answer once the message is stored, not once it is delivered')
    .option('--idempotency-key <key>', 'make it safe to repeat this command')
    .option('--unchecked', 'send it even if it is not valid; the gateway decides')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway send message.json --token "$TOKEN"\n')
    .action(async (file: string, given: unknown) => {
      const options = optionsShape.parse(given)
      const body = await readMessage(file)
      const errors = options.unchecked ? [] : findErrors(body, options.conversation)
      if (errors.length > 0) {
        const detail = 'not sent: it is not valid'
        if (options.json) output.json({ sent: false, detail, errors })
        else output.err(`${file}: ${detail}`, ...errors.map(describeError))
        end(EXIT.wrong)
        return
      }
      const reply = await call(addressOf(options), { headers: headersOf(options), body: JSON.stringify(body) })
      const answer = readJson(reply.body)
      const isAccepted = (reply.status === 200 || reply.status === 202) && isJsonObject(answer)
      if (options.json) output.json({ http_status: reply.status, ms: reply.ms, ...(isJsonObject(answer) && answer) })
      else output.out(...describe(reply, isAccepted, answer, body))
      end(isAccepted ? EXIT.ok : EXIT.wrong)
    })
}

/** What is read of an answer: of an accepted message, and of a problem document. */
const answerShape = z.object({
  id: z.string().catch(''),
  state: z.string().optional().catch(undefined),
  code: z.string().catch('refused'),
  detail: z.string().catch('without a readable reason'),
  errors: z
    .array(z.object({ pointer: z.string(), detail: z.string() }))
    .optional()
    .catch(undefined),
  divar: z
    .object({ status: z.int(), code: z.union([z.number(), z.string()]).optional(), message: z.string().optional() })
    .optional()
    .catch(undefined),
  ignored: z.array(z.string()).catch([]),
})

function describe({ status, ms }: Reply, isAccepted: boolean, answer: unknown, body: JsonObject): Line[] {
  const read = answerShape.parse(isJsonObject(answer) ? answer : {})
  const { id, state, code, detail, errors = [], divar, ignored } = read
  if (isAccepted) {
    const line = [paint('green', String(status)), ` ${[id, state].filter(Boolean).join(' ')} (${ms} ms)`]
    const known = new Map(
      findIgnoredMembers(body, isBotMessage(body)).members.map((member) => [member.pointer, member.known]),
    )
    return [line, ...ignored.map((pointer) => `  ${explainIgnored({ pointer, known: known.get(pointer) ?? [] })}`)]
  }
  const shownStatus = paint('red', String(status))
  if (errors.length > 0) return [[shownStatus, ` (${ms} ms) ${code}`], ...errors.map(describeError)]
  return [[shownStatus, ` (${ms} ms) ${code}: ${detail}`], ...(divar ? [`  ${describeDivar(divar)}`] : [])]
}

/** Divar's own answer. */
function describeDivar({ status, code, message }: NonNullable<z.infer<typeof answerShape>['divar']>): string {
  const withCode = code === undefined ? `Divar answered ${status}` : `Divar answered ${status}, code ${code}`
  return message === undefined ? withCode : `${withCode}: ${message}`
}

function describeError({ pointer, detail }: FieldError): string {
  return `  ${pointer || '(all of it)'}: ${detail}`
}

async function readMessage(file: string): Promise<JsonObject> {
  const value = await readJsonFile(file).catch((error: unknown) => {
    throw error instanceof Fault ? new CommandFailure(`${file}: ${error.message}`, EXIT.wrong) : error
  })
  const saved = isJsonObject(value) && value['kind'] === 'delivery' ? value['body'] : value
  if (!isJsonObject(saved)) throw new CommandFailure(`${file}: expected a JSON object`, EXIT.wrong)
  return saved
}

function findErrors(body: JsonObject, conversation: string | undefined): FieldError[] {
  return validateValue(body, { as: 'message', ...(conversation !== undefined && { conversation }) }).errors
}

function addressOf({ url, conversation }: Options): URL {
  return conversation === undefined
    ? new Target(url).route('/messages')
    : new Target(url).route(`/v2/open-platform/conversations/${encodeURIComponent(conversation)}/messages`)
}

function headersOf(options: Options): Record<string, string> {
  const { key, token, async: isAsync, idempotencyKey } = options
  return {
    'content-type': 'application/json',
    'x-api-key': key,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(isAsync && { prefer: 'respond-async' }),
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
  }
}
