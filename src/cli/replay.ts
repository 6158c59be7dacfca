import { Option, type Command } from 'commander'
import * as z from 'zod'
import { call } from './call.ts'
import { collect } from './files.ts'
import { EXIT, type ExitCode } from './io.ts'
import { paint, type Output } from './output.ts'
import { readSession, type Saved } from './session-files.ts'
import { Target } from './target.ts'
import { sendClick, SESSION_PATH } from './trigger.ts'

const optionsShape = z.object({
  assert: z.boolean().optional(),
  url: z.string(),
  key: z.string(),
  internalKey: z.string().optional(),
  token: z.string().optional(),
  ignoreQuery: z.array(z.string()),
  json: z.boolean().optional(),
})
type Options = z.infer<typeof optionsShape>

type Replayed = {
  file: string
  skipped?: string
  status?: number
  landing?: string
  ms?: number
  differences: string[]
}

export function registerReplay(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('replay <dir>')
    .description('send the clicks of a saved session to a gateway again, in order')
    .option('--assert', 'fail when an answer differs from the saved one')
    .option('--url <address>', 'the gateway', 'http://127.0.0.1:3000')
    .addOption(
      new Option('--key <key>', "Divar's identification key").env('DIVAR_IDENTIFICATION_KEY').makeOptionMandatory(),
    )
    .addOption(new Option('--internal-key <key>', 'also send the messages, with this key').env('KENAR_INTERNAL_KEY'))
    .addOption(new Option('--token <token>', 'the access token for the messages').env('KENAR_USER_TOKEN'))
    .option('--ignore-query <name>', 'a query parameter of the landing that always differs', collect, [])
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway replay test/session --assert\n')
    .action(async (folder: string, given: unknown) => {
      const options = optionsShape.parse(given)
      const all: Replayed[] = []
      for (const { name, saved } of await readSession(folder))
        all.push({ file: name, ...(await replay(saved, options)) })
      if (options.json) output.json(all)
      else for (const one of all) print(output, one)
      end(options.assert && all.some(({ differences }) => differences.length > 0) ? EXIT.wrong : EXIT.ok)
    })
}

async function replay(saved: Saved, options: Options): Promise<Omit<Replayed, 'file'>> {
  if (saved.kind === 'delivery') return replayMessage(saved, options)
  const { status, landing, ms } = await sendClick(new Target(options.url).route(SESSION_PATH), options.key, saved)
  const differences = [
    ...compare('status', saved.expected.status, status),
    ...compare(
      'landing',
      withoutGenerated(saved.expected.url, options.ignoreQuery),
      withoutGenerated(landing, options.ignoreQuery),
    ),
  ]
  return { status, ms, differences, ...(landing !== undefined && { landing }) }
}

async function replayMessage(
  { path, body, expected }: Saved & { kind: 'delivery' },
  { url, internalKey, token }: Options,
) {
  if (internalKey === undefined || token === undefined) {
    return { skipped: 'messages need --internal-key and --token', differences: [] }
  }
  const { status, ms } = await call(new Target(url).at(path), {
    headers: { 'content-type': 'application/json', 'x-api-key': internalKey, authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  return { status, ms, differences: compare('status', expected.status, status) }
}

/** A landing without generated parts: the ids of clicks and of authorization flows, and the parameters of --ignore-query. */
function withoutGenerated(landing: string | undefined, ignored: string[]): string | undefined {
  if (landing === undefined || !URL.canParse(landing)) return landing
  const url = new URL(landing)
  for (const name of ignored) url.searchParams.delete(name)
  return url.href.replaceAll(/\bclk_[\w-]+/g, 'clk_…').replace(/(\/oauth\/start\/)[^/?#]+/, '$1…')
}

function compare(what: string, expected: string | number | undefined, got: string | number | undefined): string[] {
  return expected === got ? [] : [`${what}: expected ${String(expected ?? 'none')}, got ${String(got ?? 'none')}`]
}

function print({ out }: Output, { file, skipped, status, landing, ms, differences }: Replayed): void {
  if (skipped !== undefined) {
    out([paint('yellow', 'skipped'), ` ${file}: ${skipped}`])
    return
  }
  const result = differences.length === 0 ? paint('green', 'same') : paint('red', 'DIFFERS')
  out([result, ` ${file}: ${String(status)} ${landing ?? ''} (${String(ms)} ms)`])
  out(...differences.map((difference) => `  ${difference}`))
}
