import { Option, type Command } from 'commander'
import * as z from 'zod'
import { Fault, type PointedFault } from '../base/fault.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { parseClick } from '../click/parse-click.ts'
import { parseSend } from '../message/parse-message.ts'
import { guessWire, readJsonFile } from './files.ts'
import { CommandFailure, EXIT, type ExitCode, type Io } from './io.ts'
import { paint, printJson } from './print.ts'

const KINDS = ['message', 'click-v1', 'click-v2'] as const
type Kind = (typeof KINDS)[number]

const options = z.object({
  as: z.enum(KINDS).optional(),
  conversation: z.string().optional(),
  json: z.boolean().optional(),
})

/** What was found in one file; `unread` says why there was nothing to look at. */
export type Validated = { file: string; kind?: Kind; errors: PointedFault[]; note?: string; unread?: string }

export function registerValidate(program: Command, io: Io, end: (code: ExitCode) => void): void {
  program
    .command('validate <file...>')
    .description('check messages and clicks offline, with the readers of the gateway itself; - is standard input')
    .addOption(new Option('--as <kind>', 'what the files hold; else as they look').choices(KINDS))
    .option('--conversation <id>', 'the conversation that a message without an address is for')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway validate messages/*.json\n')
    .action(async (files: string[], given: unknown) => {
      const wishes = options.parse(given)
      const all: Validated[] = []
      for (const file of files) all.push(await validateFile(file, wishes))
      if (wishes.json) printJson(io, all)
      else for (const one of all) print(io, one)
      const isUnread = all.some(({ unread }) => unread !== undefined)
      end(isUnread ? EXIT.usage : all.some(({ errors }) => errors.length > 0) ? EXIT.wrong : EXIT.ok)
    })
}

type Wishes = Pick<z.infer<typeof options>, 'as' | 'conversation'>

async function validateFile(file: string, wishes: Wishes): Promise<Validated> {
  try {
    return { file, ...validateValue(await readJsonFile(file), wishes) }
  } catch (error) {
    if (error instanceof CommandFailure) return { file, errors: [], unread: error.message }
    if (error instanceof Fault) return { file, errors: [{ pointer: '', detail: error.message }] }
    throw error
  }
}

const MESSAGE_MEMBERS = ['message', 'media_token', 'sender_btn', 'receiver_btn', 'sender_buttons', 'receiver_buttons']
const ADDRESS_MEMBERS = ['conversation_id', 'user_id', 'post_token', 'peer_id']

/** Checks a body, or a file that the simulator saved, by what it is or looks like. */
export function validateValue(value: unknown, wishes: Wishes = {}): Omit<Validated, 'file'> {
  if (!isJsonObject(value)) return { errors: [{ pointer: '', detail: 'body: expected a JSON object' }] }
  const isSaved = (value['kind'] === 'click' || value['kind'] === 'delivery') && isJsonObject(value['body'])
  const body = isSaved && isJsonObject(value['body']) ? value['body'] : value
  const kind = wishes.as ?? kindOf(value, body)
  if (kind !== 'message') return { kind, ...faultsOf(() => parseClick(kind === 'click-v1' ? 'v1' : 'v2', body)) }
  const isBare = !ADDRESS_MEMBERS.some((name) => Object.hasOwn(body, name))
  const conversation = wishes.conversation ?? (isBare ? 'any' : undefined)
  const note =
    isBare && wishes.conversation === undefined
      ? 'it names no chat: checked as the body of a v2 conversation path'
      : undefined
  return { kind, ...faultsOf(() => parseSend(body, conversation)), ...(note !== undefined && { note }) }
}

function kindOf({ wire }: JsonObject, body: JsonObject): Kind {
  if (MESSAGE_MEMBERS.some((name) => Object.hasOwn(body, name))) return 'message'
  const spoken = wire === 'v1' || wire === 'v2' ? wire : guessWire(body)
  return spoken === 'v1' ? 'click-v1' : 'click-v2'
}

function faultsOf(parse: () => unknown): { errors: PointedFault[] } {
  try {
    parse()
    return { errors: [] }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { errors: error.options.errors ?? [{ pointer: '', detail: error.message }] }
  }
}

function print(io: Io, { file, kind, errors, note, unread }: Validated): void {
  if (unread !== undefined) {
    io.err(unread)
    return
  }
  const verdict = errors.length === 0 ? paint(io, 'green', 'ok') : paint(io, 'red', `${errors.length} wrong`)
  io.out(`${file}: ${verdict}${kind === undefined ? '' : ` (${kind})`}${note === undefined ? '' : `, ${note}`}`)
  for (const { pointer, detail } of errors) io.out(`  ${pointer || '(all of it)'}: ${detail}`)
}
