import { Option, type Command } from 'commander'
import * as z from 'zod'
import { Fault, type FieldError } from '../base/fault.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { parseAction } from '../click/parse-action.ts'
import { parseClick } from '../click/parse-click.ts'
import { parseEvent } from '../event/parse-event.ts'
import { findIgnoredMembers } from '../message/ignored-members.ts'
import { isToBot } from '../message/message.ts'
import { parseSend } from '../message/parse-message.ts'
import { readJsonFile } from './files.ts'
import { explainIgnored } from './ignored.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { CLICK_NAMES, EVENT_NAMES, kindOfBody, KINDS, unwrapSaved, type Kind } from './kind-of-file.ts'
import { paint, type Output } from './output.ts'

const optionsShape = z.object({
  as: z.enum(KINDS).optional(),
  conversation: z.string().optional(),
  json: z.boolean().optional(),
})

/** The result for one file; `unread` says why it could not be checked. */
type Validated = { file: string; kind?: Kind; errors: FieldError[]; notes?: string[]; unread?: string }

export function registerValidate(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('validate <file...>')
    .description(
      "check messages, clicks, dynamic actions and events offline, with the gateway's own parsers; - is standard input",
    )
    .addOption(new Option('--as <kind>', 'the kind of the files; default: recognized by their members').choices(KINDS))
    .option('--conversation <id>', 'the conversation of a message that does not name one')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway validate messages/*.json\n')
    .action(async (files: string[], given: unknown) => {
      const options = optionsShape.parse(given)
      const all: Validated[] = []
      for (const file of files) all.push(await validateFile(file, options))
      if (options.json) output.json(all)
      else for (const one of all) print(output, one)
      const isUnread = all.some(({ unread }) => unread !== undefined)
      end(isUnread ? EXIT.usage : all.some(({ errors }) => errors.length > 0) ? EXIT.wrong : EXIT.ok)
    })
}

type Options = Pick<z.infer<typeof optionsShape>, 'as' | 'conversation'>

async function validateFile(file: string, options: Options): Promise<Validated> {
  try {
    return { file, ...validateValue(await readJsonFile(file), options) }
  } catch (error) {
    if (error instanceof CommandFailure) return { file, errors: [], unread: error.message }
    if (error instanceof Fault) return { file, errors: [{ pointer: '', detail: error.message }] }
    throw error
  }
}

const ADDRESS_MEMBERS = ['conversation_id', 'user_id', 'post_token', 'peer_id', 'bot']

const BOT_MEMBERS = ['text_message', 'buttons']

/** Checks a body, or a file that the simulator saved, as the kind that it says or looks like. */
export function validateValue(value: unknown, options: Options = {}): Omit<Validated, 'file'> {
  if (!isJsonObject(value)) return { errors: [{ pointer: '', detail: 'expected a JSON object' }] }
  const saved = unwrapSaved(value)
  const kind = options.as ?? saved.kind ?? kindOfBody(saved.body)
  if (kind === undefined) return { errors: [{ pointer: '', detail: NEITHER }] }
  if (kind === 'message') return validateMessage(saved.body, options.conversation)
  return kind === 'event' ? validateEvent(saved.body) : validateClick(saved.body, kind)
}

const NEITHER =
  'expected a message, a click, a dynamic action or an event, and it has no member of any; --as sets the kind'

function validateMessage(body: JsonObject, conversation: string | undefined): Omit<Validated, 'file'> {
  const isBare = conversation === undefined && !ADDRESS_MEMBERS.some((name) => Object.hasOwn(body, name))
  const isBots = BOT_MEMBERS.some((name) => Object.hasOwn(body, name))
  const id = isBare ? 'any' : conversation
  const kind = isBare && isBots ? 'bot_conversation' : 'conversation'
  return check('message', () => {
    const { message } = parseSend(body, id === undefined ? undefined : { kind, id })
    const notes = findIgnoredMembers(body, isToBot(message.address)).members.map(explainIgnored)
    const path = isBots ? "a bot's conversation path" : 'a v2 conversation path'
    return isBare ? [`it names no chat: checked as the body of ${path}`, ...notes] : notes
  })
}

function validateClick(body: JsonObject, kind: Exclude<Kind, 'message' | 'event'>): Omit<Validated, 'file'> {
  return check(kind, () => {
    const { click } = kind === 'action' ? parseAction(body) : parseClick(kind === 'click-v1' ? 'v1' : 'v2', body)
    const unknown = Object.keys(click.extra).filter((name) => !CLICK_NAMES[kind].includes(name))
    return unknown.map((name) => explainKept(`/${name}`, CLICK_NAMES[kind]))
  })
}

/** Only the type can be wrong; what the gateway does not read is passed on in `extra`. */
function validateEvent(body: JsonObject): Omit<Validated, 'file'> {
  return check('event', () => pointersOf(parseEvent(body).extra).map((one) => explainKept(one, EVENT_NAMES)))
}

/** Objects whose members the gateway reads one by one. */
const EVENT_PARTS = [
  'new_message',
  'new_chatbot_message',
  'user_access_revocation',
  'post_update',
  'conversation',
  'sender',
]

function pointersOf(extra: JsonObject, at = ''): string[] {
  return Object.entries(extra).flatMap(([name, value]) => {
    const pointer = `${at}/${name}`
    return EVENT_PARTS.includes(name) && isJsonObject(value) ? pointersOf(value, pointer) : [pointer]
  })
}

function explainKept(pointer: string, known: string[]): string {
  return explainIgnored({ pointer, known }).replace('not read', 'not known, kept in extra')
}

/** Runs a parser of the gateway: its errors, or its notes. */
function check(kind: Kind, read: () => string[]): Omit<Validated, 'file'> {
  try {
    const notes = read()
    return { kind, errors: [], ...(notes.length > 0 && { notes }) }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { kind, errors: error.options.errors ?? [{ pointer: '', detail: error.message }] }
  }
}

function print(output: Output, { file, kind, errors, notes = [], unread }: Validated): void {
  if (unread !== undefined) {
    output.err(unread)
    return
  }
  const result = errors.length === 0 ? paint('green', 'ok') : paint('red', `${errors.length} wrong`)
  output.out([`${file}: `, result, kind === undefined ? '' : ` (${kind})`])
  output.out(...errors.map(({ pointer, detail }) => `  ${pointer || '(all of it)'}: ${detail}`))
  output.out(...notes.map((note) => `  note: ${note}`))
}
