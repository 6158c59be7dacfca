import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import * as z from 'zod'
import type { Dev, DevKeys, ResolverSource } from '../dev/dev.ts'
import { collect } from './files.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { loadPart } from './not-in-image.ts'
import { paint, type Line, type Output } from './output.ts'
import { portNumber } from './port-number.ts'
import { aborted, stopSignal } from './stop-signal.ts'
import { Target } from './target.ts'

const options = z.object({
  forward: z.string().optional(),
  events: z.string().optional(),
  port: portNumber.optional(),
  simulatorPort: portNumber.optional(),
  host: z.string().optional(),
  allowHost: z.array(z.string()).optional(),
  store: z.string().optional(),
  open: z.boolean().optional(),
})
type Given = z.infer<typeof options>

export function registerDev(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('dev [resolver]')
    .description(
      'start a gateway with your resolver and a simulator of the chat, and load the resolver again when you save it',
    )
    .option('--forward <url>', 'a service of yours that answers clicks, in place of a file')
    .option('--events <url>', 'a service of yours that receives events')
    .option('--port <port>', 'the port of the gateway; default: 3000, or the next free one')
    .option('--simulator-port <port>', 'the port of the simulator; default: 4000, or the next free one')
    .option('--host <address>', 'the address that both listen on; default: 127.0.0.1')
    .option(
      '--allow-host <name>',
      'a host name by which the simulator may be called, such as host.docker.internal',
      collect,
    )
    .option('--store <file>', 'a SQLite file that is kept; default: a temporary one')
    .option('--open', 'open the simulator in a browser')
    .addHelpText(
      'after',
      '\nExamples:\n  $ kenar-chat-gateway dev resolver.ts --open\n  $ kenar-chat-gateway dev --forward http://127.0.0.1:8080/resolve\n',
    )
    .action(async (file: string | undefined, given: unknown) => {
      const read = options.parse(given)
      const { startDev, openBrowser, DEV_KEYS } = await loadPart('dev', () => import('../dev/dev.ts'))
      const { forward, events: eventsUrl, port, simulatorPort, host, allowHost: allowedHosts, store } = read
      const signal = stopSignal()
      const dev = await startDev({
        ...{ resolver: resolverOf(file, forward), eventsUrl, port, simulatorPort, host, allowedHosts, store, signal },
        say: (line) => {
          output.out(line)
        },
      })
      if (!signal.aborted) output.out(...bannerOf(dev, file, read, DEV_KEYS))
      if (read.open && !signal.aborted && !(await openBrowser(dev.simulator.url)))
        output.err('No browser could be opened here.')
      await aborted(signal)
      await dev.stop()
      end(EXIT.ok)
    })
}

/** @throws CommandFailure when both are given, or the file does not exist */
function resolverOf(file: string | undefined, forward: string | undefined): ResolverSource | undefined {
  if (file !== undefined && forward !== undefined)
    throw new CommandFailure('give a file or --forward, not both', EXIT.usage)
  if (forward !== undefined) return { kind: 'forward', url: new Target(forward).route('/').href }
  if (file === undefined) return undefined
  if (!existsSync(file)) {
    throw new CommandFailure(
      `${file}: there is no such file; \`kenar-chat-gateway init\` writes a first one`,
      EXIT.usage,
    )
  }
  return { kind: 'file', file }
}

function bannerOf(
  { simulator, gatewayUrl, internalUrl }: Dev,
  file: string | undefined,
  { forward, events, store }: Given,
  keys: DevKeys,
): Line[] {
  const facts: [string, string][] = [
    [
      'gateway',
      `${gatewayUrl} for Divar and users, ${internalUrl} for your services; ${internalUrl}/docs describes its routes`,
    ],
    ['resolver', resolverLine(file, forward)],
    ...(forward === undefined
      ? []
      : [['', `it gets the header  authorization: Bearer ${keys.resolver}`] satisfies [string, string]]),
    ...(events === undefined
      ? []
      : [['events', `to ${events}, signed with EVENTS_SECRET=${keys.events}`] satisfies [string, string]]),
    ['store', store ?? 'a temporary file'],
  ]
  return [
    '',
    [
      '  Open ',
      paint('bold', simulator.url),
      ' in a browser: two phones, one chat. Click a button, or open the app from the menu.',
    ],
    '',
    ...facts.map(([name, what]) => `  ${name.padEnd(10)}${what}`),
    '',
    '  A message, as your services send it; it appears on both phones, and its button is a click:',
    '',
    `curl -s ${internalUrl}/messages -H 'x-api-key: ${keys.internal}' -H 'x-access-token: ${keys.userToken}' -H 'content-type: application/json' \\`,
    `  -d '{"conversation_id":"${simulator.world.conversationId}","message":"سلام","receiver_btn":{"action":"LINK","data":{"extra_data":{"order_id":"B-7"},"caption":"ادامه"}}}'`,
    '',
    '  All keys are made up. Nothing leaves this machine. Ctrl-C ends it.',
    '',
  ]
}

function resolverLine(file: string | undefined, forward: string | undefined): string {
  if (forward !== undefined) return forward
  return file === undefined
    ? 'a sample, which shows the click; yours: dev resolver.ts'
    : `${file}, loaded again when a file of its folder is saved`
}
