import type { Command } from 'commander'
import * as z from 'zod'
import { ORIGINS_EXPECTED, readOrigins } from '../base/address.ts'
import { Fault } from '../base/fault.ts'
import { parseClick } from '../click/parse-click.ts'
import { collect, readClick } from './files.ts'
import { explainIgnored } from './ignored.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { isAction, isEvent } from './kind-of-file.ts'
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
    .description('run a resolver function with a click, with the deadline and the checks of the gateway')
    .requiredOption('--click <click>', 'a file, or v1-menu, v1-button, v1-location, v2-menu, v2-button')
    .option('--timeout <ms>', 'as RESOLVER_TIMEOUT_MS', '1500')
    .option('--allow-origin <origin>', 'as one of LANDING_ALLOWED_ORIGINS', collect)
    .option('--public-url <address>', 'as PUBLIC_URL; without it a landing with scopes is refused')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway try resolver.mjs --click v1-button\n')
    .action(async (file: string, given: unknown) => {
      const { click: named, wire, timeout, allowOrigin, publicUrl, json, set, unset } = options.parse(given)
      const click = await readClick(named, { set, unset, ...(wire && { wire }) })
      if (isAction(click.body))
        throw new CommandFailure(`${named}: is a dynamic action; the test kit's runAction runs these`, EXIT.usage)
      if (isEvent(click.body)) throw new CommandFailure(`${named}: is an event; no resolver answers these`, EXIT.usage)
      requireValid(click)
      const hasConsent = publicUrl !== undefined
      const job = { file, click, timeoutMs: timeout, allowedOrigins: allowOrigin, hasConsent }
      const result = await runTryChild(job, (line) => {
        output.err(line)
      })
      if (result.kind === 'not_loaded') throw new CommandFailure(result.reason, EXIT.usage)
      if (json) output.json(asJson(result))
      else print(output, result)
      end(result.kind === 'landing' ? EXIT.ok : EXIT.wrong)
    })
}

function requireValid({ wire, body }: { wire: 'v1' | 'v2'; body: unknown }): void {
  try {
    parseClick(wire, body)
  } catch (error) {
    throw error instanceof Fault ? new CommandFailure(`the click is not valid: ${error.message}`, EXIT.wrong) : error
  }
}

type Tried = Exclude<TryResult, { kind: 'not_loaded' }>

function asJson(result: Tried): unknown {
  if (result.kind === 'landing') {
    const { landing, ms, ignored, warnings } = result
    return { landing, ms, ...(ignored.length > 0 && { ignored }), ...(warnings.length > 0 && { warnings }) }
  }
  return { refused: result.reason, ...(result.cause !== undefined && { cause: result.cause }) }
}

const LANDING_NAMES = ['url', 'message', 'scopes', 'onDenied']

function print({ out }: Output, result: Tried): void {
  if (result.kind === 'refused') {
    out([paint('red', 'no landing'), `: ${result.reason}`])
    if (result.cause !== undefined) out(...linesOf(result.cause))
    return
  }
  const { url, ...rest } = result.landing
  out([paint('green', 'lands on'), ` ${url} (${result.ms} ms)`])
  out(...Object.entries(rest).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`))
  out(...result.ignored.map((name) => `  ${explainIgnored({ pointer: `/${name}`, known: LANDING_NAMES })}`))
  out(...result.warnings.map((warning) => ['  ', paint('yellow', 'warning'), `: ${warning}`]))
}
