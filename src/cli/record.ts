import type { Command } from 'commander'
import * as z from 'zod'
import { call, readJson, readStream } from './call.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import type { Output } from './output.ts'
import { openSession, savedShape, type Saved } from './session-files.ts'
import { stopSignal } from './stop-signal.ts'
import { Target } from './target.ts'

const options = z.object({ simulator: z.string(), follow: z.boolean().optional(), overwrite: z.boolean().optional() })

/** More than the simulator can have. */
const MAX_STATE_BYTES = 16 * 1024 * 1024

/** What is read of an entry of the simulator's timeline. */
const entryShape = z.object({
  id: z.number(),
  kind: z.string(),
  wire: z.string().optional(),
  outcome: z.string(),
  request: z.object({ url: z.string(), headers: z.record(z.string(), z.string()), body: z.string() }).optional(),
  response: z.object({ status: z.number(), body: z.string() }).optional(),
})
type Entry = z.infer<typeof entryShape>

export function registerRecord(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('record <dir>')
    .description('save the clicks of a running simulator, and the messages that arrived there, for replay')
    .option('--simulator <address>', 'the simulator', 'http://127.0.0.1:4000')
    .option('--follow', 'also save what happens from now on, until Ctrl-C')
    .option('--overwrite', 'replace the session in the folder')
    .addHelpText('after', '\nExample:\n  $ kenar-chat-gateway record test/session\n')
    .action(async (folder: string, given: unknown) => {
      const { simulator, follow, overwrite = false } = options.parse(given)
      const target = new Target(simulator)
      const { body } = await call(target.at('/simulator/state'), { method: 'GET', maxBytes: MAX_STATE_BYTES })
      const state = z.object({ timeline: z.array(entryShape) }).safeParse(readJson(body))
      if (!state.success) throw new CommandFailure(`${simulator}: is not a simulator`, EXIT.usage)
      const save = await openSession(folder, overwrite)
      let last = 0
      const saveEntry = async (entry: Entry) => {
        if (entry.id <= last) return
        last = entry.id
        const saved = toSaved(entry)
        if (saved !== undefined) output.out(await save(saved))
        else if (entry.outcome === 'faulted') output.err(`left out: a ${entry.kind} with a simulated fault`)
      }
      for (const entry of state.data.timeline) await saveEntry(entry)
      if (follow) for await (const entry of followEvents(target)) await saveEntry(entry)
      end(EXIT.ok)
    })
}

/** Headers that change how a click is parsed; no secrets. */
const KEPT_HEADERS = /^(?:content-type|api[-_]version)$/i

function toSaved({ kind, wire, outcome, request: sent, response }: Entry): Saved | undefined {
  if (sent === undefined || response === undefined || outcome === 'faulted') return undefined
  const answer = z.object({ url: z.string() }).safeParse(readJson(response.body)).data
  const url = answer?.url === '' ? undefined : answer?.url
  return savedShape.safeParse({
    kind,
    wire,
    headers: Object.fromEntries(Object.entries(sent.headers).filter(([name]) => KEPT_HEADERS.test(name))),
    path: URL.canParse(sent.url) ? new URL(sent.url).pathname : undefined,
    body: readJson(sent.body),
    expected: { status: response.status, ...(kind === 'click' && url !== undefined && { url }) },
  }).data
}

/** The entries of the simulator's event stream, which begins with the existing ones. */
async function* followEvents(target: Target): AsyncGenerator<Entry> {
  const stopping = stopSignal()
  // Joined only where an event ends, so that a long one does not cost the square of its length.
  let begun: string[] = []
  let length = 0
  for await (const chunk of readStream(target.at('/simulator/events'), stopping)) {
    const ends = chunk.includes('\n\n') || (chunk.startsWith('\n') && begun.at(-1)?.endsWith('\n') === true)
    begun.push(chunk)
    length += chunk.length
    if (ends) {
      const parts = begun.join('').split('\n\n')
      begun = parts.splice(-1)
      length = begun.join('').length
      for (const part of parts) yield* entriesOf(part)
    }
    if (length > MAX_STATE_BYTES) {
      throw new CommandFailure(`${target.origin}: an event is longer than ${MAX_STATE_BYTES} bytes`, EXIT.unreachable)
    }
  }
}

function entriesOf(part: string): Entry[] {
  const [, event, data = ''] = /^event: (\w+)\ndata: (.*)$/s.exec(part) ?? []
  if (event === 'entry') return [entryShape.parse(readJson(data))]
  return event === 'snapshot' ? z.object({ timeline: z.array(entryShape) }).parse(readJson(data)).timeline : []
}
