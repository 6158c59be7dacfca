import { readdir } from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import { freePort } from '../../prove/support/free-port.ts'
import { tempFolder } from '../support/command-line.ts'
import { eventually } from '../support/outbox.ts'
import { printedCommands, readPage, runPrinted, startPrinted } from '../support/printed-commands.ts'
import { isInstalled } from '../support/programs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const running: { stop: () => Promise<unknown> }[] = []
afterAll(() => Promise.all(running.map(({ stop }) => stop())))

const hasPython = await isInstalled('python3')
if (!hasPython) process.stderr.write('python3 is missing here: the README of examples/events is not run.\n')
const testWithPython = hasPython ? test : test.skip

testWithPython(
  'the commands of examples/events/README.md bring a signed event to the receiver',
  async () => {
    const ports = { gateway: await freePort(), receiver: await freePort() }
    const folder = await tempFolder()
    const file = join(folder, 'bot.env')
    const environment = readPage('examples/bot/bot.env').replace('file:bot.db', `file:${folder}/bot.db`)
    writeFileSync(file, `${environment}PORT=${ports.gateway}\n`)
    /** From the sources instead of the build, with free ports and a store of its own. */
    const fromSources = (command = '') =>
      command
        .replaceAll('127.0.0.1:8090', `127.0.0.1:${ports.receiver}`)
        .replace('npm run build\n', '')
        .replace('examples/bot/bot.env', file)
        .replaceAll(/\bnode (.*)dist\/(.*)\.js/g, `${process.execPath} $1src/$2.ts`)
        .replace(/trigger event$/m, `$& --url http://127.0.0.1:${ports.gateway}`)
    const [receiver, gateway, trigger] = printedCommands(readPage('examples/events/README.md'))
    const events = join(folder, 'events')
    const ofReceiver = { PORT: String(ports.receiver), EVENTS_FOLDER: events }
    running.push(await startPrinted(fromSources(receiver?.command), root, ofReceiver, 'listening on'))
    running.push(await startPrinted(fromSources(gateway?.command), root, {}, '"gateway.started"'))
    const sent = await runPrinted(fromSources(trigger?.command), root)
    expect([sent.code, sent.output]).toEqual([0, expect.stringMatching(/^200 \{\}/)])
    await eventually(async () => (await readdir(events)).find((name) => /^dve_.*\.json$/.test(name)), 'the event')
  },
  120_000,
)
