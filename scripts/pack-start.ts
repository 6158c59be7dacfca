/**
 * Packs what `dist/main.js` loads, its packages with it, into a few files in `dist/start`: to find, read and link 400 files is a third of a
 * start, see docs/decisions/0016-packed-start.md. All else in dist stays as the compiler made it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import * as z from 'zod'

const ROOT = join(import.meta.dirname, '..')
const MAIN = join(ROOT, 'dist', 'main.js')

/** What every start loads. The others are loaded by those who need them, as they were published: some have files beside them, or threads. */
const PACKED = ['cockatiel', 'express', 'helmet', 'pino', 'sonic-boom', 'undici', 'zod']

/** Tables stay JSON: as JavaScript they would be compiled by every start, also those that nobody asks for. 3 % of a start. */
const tablesAsText: Plugin = {
  name: 'tables as text',
  setup: (build) => {
    build.onLoad({ filter: /\.json$/ }, ({ path }) => {
      const table: unknown = JSON.parse(readFileSync(path, 'utf8'))
      return { loader: 'js', contents: `module.exports = JSON.parse(${JSON.stringify(JSON.stringify(table))})` }
    })
  },
}

const { dependencies } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))

await build({
  entryPoints: [MAIN],
  // One folder below dist, as the files were that are packed here: some of them read what lies beside their own folder.
  outdir: join(ROOT, 'dist', 'start'),
  bundle: true,
  // What is loaded on demand stays in files of its own, and one class stays one class for all of them.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  external: Object.keys(dependencies).filter((name) => !PACKED.includes(name)),
  // Some packages are CommonJS, and require what Node brings.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)",
  },
  plugins: [tablesAsText],
  logLevel: 'warning',
})
writeFileSync(MAIN, "import './start/main.js'\n")
