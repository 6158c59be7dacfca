import type { Command } from 'commander'
import * as z from 'zod'
import { ORIGINS_EXPECTED, readOrigins } from '../base/address.ts'
import { Fault } from '../base/fault.ts'
import { parseAction } from '../click/parse-action.ts'
import { parseClick } from '../click/parse-click.ts'
import { collect, readClick } from './files.ts'
import { explainIgnored } from './ignored.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { linesOf, paint, type Output } from './output.ts'
import { runTryChild, type TryResult } from './try-parent.ts'
import { addClickOptions } from './trigger.ts'

const options = z.object({
  click: z.string(),
  set: z.array(z.string()).default([]),
  unset: z.array(z.string()).default([]),
  wire: z.enum(['v1', 'v2']).optional(),
  timeout: z.coerce.number().int().min(1).max(60_000),
  allowOrigin: z
    .array(z.string())
    .refine((given) => readOrigins(given) !== undefined, { error: ORIGINS_EXPECTED })
    .optional(),
  publicUrl: z.url().optional(),
  json: z.boolean().optional(),
})

export function registerTry(program: Command, output: Output, end: (code: ExitCode) => void): void {
  addClickOptions(program.command('try <module>'))
    .description(
      'run a resolver function with a click, or dynamicAction of its module, with the deadline and the checks of the gateway',
    )
    .requiredOption(
      '--click <click>',
      'a click or a dynamic action: a file, or v1-menu, v1-button, v1-location, v2-menu, v2-button, action',
    )
    .option('--timeout <ms>', 'as RESOLVER_TIMEOUT_MS', '1500')
    .option('--allow-origin <origin>', 'as one of LANDING_ALLOWED_ORIGINS', collect)
    .option('--public-url <address>', 'as PUBLIC_URL; without it a landing with scopes is refused')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway try resolver.mjs --click v1-button\n')
    .action(async (file: string, given: unknown) => {
      const { click: named, wire, timeout, allowOrigin, publicUrl, json, set, unset } = options.parse(given)
      const { kind, ...click } = await readClick(named, { set, unset, ...(wire && { wire }) })
      if (kind === 'event') throw new CommandFailure(`${named}: ${IS_EVENT}`, EXIT.usage)
      requireValid(kind, click)
      const hasConsent = publicUrl !== undefined
      const job = { file, kind, click, timeoutMs: timeout, allowedOrigins: allowOrigin, hasConsent }
      const result = await runTryChild(job, (line) => {
        output.err(line)
      })
      if (result.kind === 'not_loaded') throw new CommandFailure(result.reason, EXIT.usage)
      if (json) output.json(asJson(result))
      else print(output, result, kind)
      end(result.kind === 'refused' ? EXIT.wrong : EXIT.ok)
    })
}

const IS_EVENT =
  'is an event, which a service answers, not a module: trigger sends it to the gateway, validate shows how it is read'

const ASKED = { click: 'click', action: 'dynamic action' } as const
type Kind = keyof typeof ASKED

function requireValid(kind: Kind, { wire, body }: { wire: 'v1' | 'v2'; body: unknown }): void {
  try {
    if (kind === 'click') parseClick(wire, body)
    else parseAction(body)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new CommandFailure(`the ${ASKED[kind]} is not valid: ${error.message}`, EXIT.wrong)
  }
}

type Tried = Exclude<TryResult, { kind: 'not_loaded' }>

function asJson(result: Tried): unknown {
  if (result.kind === 'landing') {
    const { landing, ms, ignored, warnings } = result
    return { landing, ms, ...(ignored.length > 0 && { ignored }), ...(warnings.length > 0 && { warnings }) }
  }
  if (result.kind === 'answer') {
    const { answer, ms, ignored } = result
    return { answer, ms, ...(ignored.length > 0 && { ignored }) }
  }
  return { refused: result.reason, ...(result.cause !== undefined && { cause: result.cause }) }
}

const LANDING_NAMES = ['url', 'message', 'scopes', 'onDenied']
const ANSWER_NAMES = ['url', 'data', 'text']
const NOTHING = { click: 'no landing', action: 'no answer' } as const

function print({ out }: Output, result: Tried, kind: Kind): void {
  const printMembers = (members: object, ignored: string[], known: string[]) => {
    out(...Object.entries(members).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`))
    out(...ignored.map((name) => `  ${explainIgnored({ pointer: `/${name}`, known })}`))
  }
  if (result.kind === 'refused') {
    out([paint('red', NOTHING[kind]), `: ${result.reason}`])
    if (result.cause !== undefined) out(...linesOf(result.cause))
  } else if (result.kind === 'answer') {
    out([paint('green', 'answers'), ` (${result.ms} ms)`])
    printMembers(result.answer, result.ignored, ANSWER_NAMES)
  } else {
    const { url, ...rest } = result.landing
    out([paint('green', 'lands on'), ` ${url} (${result.ms} ms)`])
    printMembers(rest, result.ignored, LANDING_NAMES)
    out(...result.warnings.map((warning) => ['  ', paint('yellow', 'warning'), `: ${warning}`]))
  }
}
