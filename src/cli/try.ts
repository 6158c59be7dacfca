import { inspect } from 'node:util'
import type { Command } from 'commander'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { newId } from '../base/id.ts'
import { createLogger } from '../base/log.ts'
import { newTrace } from '../base/trace.ts'
import type { Click } from '../click/click.ts'
import { parseClick } from '../click/parse-click.ts'
import { moduleResolver } from '../resolver/module.ts'
import { resolveWithin } from '../resolver/resolve.ts'
import { ResolverError, ResolverSetupError } from '../resolver/resolver.ts'
import { gather, readClick } from './files.ts'
import { CommandFailure, EXIT, type ExitCode, type Io } from './io.ts'
import { paint, printJson } from './print.ts'
import { addClickOptions } from './trigger.ts'

const options = z.object({
  click: z.string(),
  set: z.array(z.string()).default([]),
  unset: z.array(z.string()).default([]),
  wire: z.enum(['v1', 'v2']).optional(),
  timeout: z.coerce.number().int().min(1).max(60_000),
  allowOrigin: z.array(z.url().transform((url) => new URL(url).origin)).default([]),
  json: z.boolean().optional(),
})

export function registerTry(program: Command, io: Io, end: (code: ExitCode) => void): void {
  addClickOptions(program.command('try <module>'))
    .description('what would my resolver function answer to a click? With the deadline and the checks of the gateway')
    .requiredOption('--click <click>', 'a file, or v1-menu, v1-button, v1-location, v2-menu, v2-button')
    .option('--timeout <ms>', 'as RESOLVER_TIMEOUT_MS', '1500')
    .option('--allow-origin <origin>', 'as one of LANDING_ALLOWED_ORIGINS', gather)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway try resolver.mjs --click v1-button\n')
    .action(async (file: string, given: unknown) => {
      const read = options.safeParse(given)
      if (!read.success) throw new CommandFailure(z.prettifyError(read.error), EXIT.usage)
      const { click: named, wire, timeout, allowOrigin, json, set, unset } = read.data
      const click = parse(await readClick(named, { set, unset, ...(wire && { wire }) }))
      const resolver = await moduleResolver(file).catch((error: unknown) => {
        throw error instanceof ResolverSetupError ? new CommandFailure(error.message, EXIT.usage) : error
      })
      const allowedOrigins = allowOrigin.length > 0 ? new Set(allowOrigin) : undefined
      const resolve = resolveWithin({
        resolver,
        timeoutMs: timeout,
        policy: { allowedOrigins },
        cutOff: new AbortController().signal,
      })
      const log = createLogger('debug', {
        write: (line: string) => {
          io.err(line.trimEnd())
        },
      })
      const began = performance.now()
      try {
        const landing = await resolve(click, { log, requestId: newId('req'), trace: newTrace() })
        const ms = Math.round(performance.now() - began)
        if (json) printJson(io, { landing, ms })
        else io.out(`${paint(io, 'green', 'lands on')} ${landing.url} (${ms} ms)${describe(landing)}`)
        end(EXIT.ok)
      } catch (error) {
        if (!(error instanceof ResolverError)) throw error
        // This is the developer's own machine and code: here the whole error is told, in a gateway's log it never is.
        const cause = error.cause === undefined ? undefined : inspect(error.cause)
        if (json) printJson(io, { refused: error.message, ...(cause !== undefined && { cause }) })
        else
          io.out(
            [`${paint(io, 'red', 'no landing')}: ${error.message}`, ...(cause === undefined ? [] : [cause])].join('\n'),
          )
        end(EXIT.wrong)
      }
    })
}

function parse({ wire, body }: { wire: 'v1' | 'v2'; body: unknown }): Click {
  try {
    return parseClick(wire, body).click
  } catch (error) {
    throw error instanceof Fault ? new CommandFailure(`the click is not valid: ${error.message}`, EXIT.wrong) : error
  }
}

function describe(landing: Record<string, unknown>): string {
  const rest = Object.entries(landing).filter(([name]) => name !== 'url')
  return rest.map(([name, value]) => `\n  ${name}: ${JSON.stringify(value)}`).join('')
}
