import { Option, type Command } from 'commander'
import * as z from 'zod'
import { call } from './call.ts'
import { gather } from './files.ts'
import { EXIT, type ExitCode } from './io.ts'
import { paint, type Output } from './output.ts'
import { readSession, type Saved } from './session-files.ts'
import { Target } from './target.ts'
import { sendClick, SESSION_PATH } from './trigger.ts'

const options = z.object({
  assert: z.boolean().optional(),
  url: z.string(),
  key: z.string(),
  internalKey: z.string().optional(),
  token: z.string().optional(),
  ignoreQuery: z.array(z.string()),
  json: z.boolean().optional(),
})
type Wishes = z.infer<typeof options>

type Played = { file: string; skipped?: string; status?: number; landing?: string; ms?: number; differences: string[] }

export function registerReplay(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('replay <dir>')
    .description('send the clicks of a saved session to a gateway again, in order')
    .option('--assert', 'fail when an answer is not the one that was saved')
    .option('--url <address>', 'the gateway', 'http://127.0.0.1:3000')
    .addOption(
      new Option('--key <key>', "Divar's identification key").env('DIVAR_IDENTIFICATION_KEY').makeOptionMandatory(),
    )
    .addOption(new Option('--internal-key <key>', 'send the messages too, with this key').env('KENAR_INTERNAL_KEY'))
    .addOption(new Option('--token <token>', 'the access token for the messages').env('KENAR_USER_TOKEN'))
    .option('--ignore-query <name>', 'a part of the landing that is never the same', gather, [])
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway replay test/session --assert\n')
    .action(async (folder: string, given: unknown) => {
      const wishes = options.parse(given)
      const all: Played[] = []
      for (const { name, saved } of await readSession(folder)) all.push({ file: name, ...(await play(saved, wishes)) })
      if (wishes.json) output.json(all)
      else for (const one of all) print(output, one)
      end(wishes.assert && all.some(({ differences }) => differences.length > 0) ? EXIT.wrong : EXIT.ok)
    })
}

async function play(saved: Saved, wishes: Wishes): Promise<Omit<Played, 'file'>> {
  if (saved.kind === 'delivery') return playDelivery(saved, wishes)
  const { status, landing, ms } = await sendClick(new Target(wishes.url).route(SESSION_PATH), wishes.key, saved)
  const differences = [
    ...differ('status', saved.expected.status, status),
    ...differ('landing', steady(saved.expected.url, wishes.ignoreQuery), steady(landing, wishes.ignoreQuery)),
  ]
  return { status, ms, differences, ...(landing !== undefined && { landing }) }
}

async function playDelivery(
  { path, body, expected }: Saved & { kind: 'delivery' },
  { url, internalKey, token }: Wishes,
) {
  if (internalKey === undefined || token === undefined) {
    return { skipped: 'a message goes only with --internal-key and --token', differences: [] }
  }
  const { status, ms } = await call(new Target(url).at(path), {
    headers: { 'content-type': 'application/json', 'x-api-key': internalKey, authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  return { status, ms, differences: differ('status', expected.status, status) }
}

/** A landing without what is drawn anew each time: the ids of clicks and of consent walks, and what the user names. */
function steady(landing: string | undefined, ignored: string[]): string | undefined {
  if (landing === undefined || !URL.canParse(landing)) return landing
  const url = new URL(landing)
  for (const name of ignored) url.searchParams.delete(name)
  return url.href.replaceAll(/\bclk_[\w-]+/g, 'clk_…').replace(/(\/oauth\/start\/)[^/?#]+/, '$1…')
}

function differ(what: string, expected: string | number | undefined, got: string | number | undefined): string[] {
  return expected === got ? [] : [`${what}: expected ${String(expected ?? 'none')}, got ${String(got ?? 'none')}`]
}

function print({ out }: Output, { file, skipped, status, landing, ms, differences }: Played): void {
  if (skipped !== undefined) {
    out([paint('yellow', 'skipped'), ` ${file}: ${skipped}`])
    return
  }
  const verdict = differences.length === 0 ? paint('green', 'same') : paint('red', 'DIFFERS')
  out([verdict, ` ${file}: ${String(status)} ${landing ?? ''} (${String(ms)} ms)`])
  out(...differences.map((difference) => `  ${difference}`))
}
