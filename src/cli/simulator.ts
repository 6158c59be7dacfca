import { Option, type Command } from 'commander'
import * as z from 'zod'
import { collect } from './files.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { loadPart } from './not-in-image.ts'
import type { Output } from './output.ts'
import { portNumber } from './port-number.ts'
import { aborted, stopSignal } from './stop-signal.ts'
import { Target } from './target.ts'
import { SESSION_PATH } from './trigger.ts'

/** The redirect URI of the gateway. */
const CALLBACK_PATH = '/oauth/callback'

const options = z.object({
  gateway: z.string(),
  internalUrl: z.string().optional(),
  internalKey: z.string().min(1).optional(),
  port: portNumber,
  host: z.string(),
  allowHost: z.array(z.string()).optional(),
  checks: z.enum(['strict', 'note']),
  identificationKey: z.string(),
  apiKey: z.string(),
  appSlug: z.string(),
  clientSecret: z.string(),
  token: z.string().optional(),
  redirectUri: z.array(z.string()).optional(),
  publicUrl: z.string().optional(),
})

export function registerSimulator(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('simulator')
    .description("start a simulator of Divar's chat, with a page, on this machine for your gateway")
    .option('--gateway <address>', 'where clicks go', 'http://127.0.0.1:3000')
    .option('--internal-url <address>', 'the INTERNAL_PORT of the gateway, if it has one')
    .addOption(
      new Option(
        '--internal-key <key>',
        'a key of INTERNAL_API_KEYS, so that the page can send messages through the gateway',
      ).env('KENAR_INTERNAL_KEY'),
    )
    .option('--port <port>', 'the port of the simulator', '4000')
    .option('--host <address>', 'the address to listen on; 0.0.0.0 for a gateway in a container', '127.0.0.1')
    .option('--allow-host <name>', 'a host name that it may be called by, such as host.docker.internal', collect)
    .option('--checks <how>', 'strict: refuse what Divar refuses; note: accept every message, and note it', 'strict')
    .addOption(
      new Option('--identification-key <key>', 'sent with clicks')
        .env('DIVAR_IDENTIFICATION_KEY')
        .makeOptionMandatory(),
    )
    .addOption(new Option('--api-key <key>', 'expected of sends').env('DIVAR_API_KEY').makeOptionMandatory())
    .addOption(
      new Option('--app-slug <slug>', 'expected in the authorization flow').env('DIVAR_APP_SLUG').default('demo-app'),
    )
    .addOption(
      new Option('--client-secret <secret>', 'expected in the authorization flow')
        .env('DIVAR_CLIENT_SECRET')
        .default('demo-client-secret'),
    )
    .option('--redirect-uri <address...>', 'registered with the app; default: the /oauth/callback of the gateway')
    .addOption(new Option('--public-url <address>', "the gateway's public URL, for that default").env('PUBLIC_URL'))
    .addOption(
      new Option('--token <token>', 'an access token of the seller that is valid from the start').env(
        'KENAR_USER_TOKEN',
      ),
    )
    .addHelpText(
      'after',
      '\nExample, for a gateway with DIVAR_V1_API_URL and DIVAR_API_URL=http://127.0.0.1:4000:\n  $ kenar-chat-gateway simulator\n',
    )
    .action(async (given: unknown) => {
      const read = options.parse(given)
      const {
        port,
        host,
        allowHost,
        checks,
        gateway,
        internalUrl,
        internalKey,
        identificationKey,
        apiKey,
        appSlug: slug,
        clientSecret,
        token,
      } = read
      const redirectUris = read.redirectUri ?? [new Target(read.publicUrl ?? gateway).route(CALLBACK_PATH).href]
      const stopping = stopSignal()
      const { startSimulator } = await loadPart('the simulator', () => import('../simulator/simulator.ts'))
      const simulator = await startSimulator({
        port,
        host,
        ...(allowHost && { allowedHosts: allowHost }),
        apiKey,
        identificationKey,
        sessionUrl: new Target(gateway).route(SESSION_PATH).href,
        app: { slug, clientSecret, redirectUris },
        checks,
        ...(internalKey !== undefined && { gateway: { url: new Target(internalUrl ?? gateway).origin, internalKey } }),
        ...(token !== undefined && {
          tokens: [
            { accessToken: token, side: 'seller', scopes: ['CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND', 'USER_ID'] },
          ],
        }),
        log: (text) => {
          output.out(text)
        },
      }).catch((error: unknown) => {
        throw new CommandFailure(`port ${port}: ${error instanceof Error ? error.message : String(error)}`, EXIT.usage)
      })
      output.out(`Open ${simulator.url} in a browser. Ctrl-C ends it.`)
      await aborted(stopping)
      await simulator.close()
      end(EXIT.ok)
    })
}
