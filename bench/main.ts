import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runCommand } from '../prove/support/children.ts'
import { createProgress } from '../prove/support/progress.ts'
import { wholeNumber } from '../prove/support/whole-number.ts'
import { clickServers, sendServers } from './servers.ts'
import { startBarePlatform } from '../prove/support/bare-platform.ts'
import { writeReport, type Results } from './support/report.ts'
import { measureInRounds } from './support/rounds.ts'
import { moveToLoadCore } from './support/server.ts'

/** Compares the gateway with other servers doing the same work, on this machine. Prints tables; `--write` puts them into docs/performance.md. */

const DOCUMENT = new URL('../docs/performance.md', import.meta.url)
/** What a run found is between these two lines of the document. */
const MARKED = /(<!-- bench:begin -->\n)[^]*(\n<!-- bench:end -->)/

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const rounds = wholeNumber('rounds', values.rounds)
const { only, write } = values
if (only !== undefined && only !== 'click' && only !== 'send') throw new Error('--only: expected click or send')
if (only !== undefined && write)
  throw new Error('--write: the document reports whole runs, so --only does not go with it')

if (!existsSync(new URL('node_modules', import.meta.url))) {
  await runCommand('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  })
}
await moveToLoadCore()
const folder = await mkdtemp(join(tmpdir(), 'kenar-bench-'))
const platform = await startBarePlatform()
const progress = createProgress()
try {
  const results: Results = {
    ...(only !== 'send' && { click: await measureInRounds(clickServers, rounds, folder, progress.show) }),
    ...(only !== 'click' && { send: await measureInRounds(sendServers(platform.port), rounds, folder, progress.show) }),
  }
  progress.end()
  const report = writeReport(results, rounds)
  process.stdout.write(`${report}\n`)
  if (write) await writeFile(DOCUMENT, (await readFile(DOCUMENT, 'utf8')).replace(MARKED, `$1\n${report}\n$2`))
} finally {
  platform.close()
  await rm(folder, { recursive: true })
}
