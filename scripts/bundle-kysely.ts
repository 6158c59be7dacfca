import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import * as z from 'zod'

const root = join(import.meta.dirname, '..')
const ENTRIES = { kysely: 'kysely', migration: 'kysely/migration' }

export type BundledKysely = {
  /** The path of each entry, for Jest's `moduleNameMapper`. */
  moduleNameMapper: Record<string, string>
  /** A file for `node --require`, after which `import` finds the bundle too. */
  hook: string
}

/**
 * Bundles kysely for the tests, into a folder named after its version. Its 300 files are loaded by every SQLite thread, spawned gateway
 * and store suite of the tests, of which there are hundreds; as two files they take a tenth of the processor time.
 */
export async function bundleKysely(): Promise<BundledKysely> {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'node_modules/kysely/package.json'), 'utf8'))
  const { version } = z.object({ version: z.string() }).parse(manifest)
  const cache = join(root, 'node_modules', '.cache')
  const folder = join(cache, `kysely-${version}`)
  const fileOf = (name: string) => join(folder, `${name}.mjs`)
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true })
    await write(mkdtempSync(`${folder}-`), folder)
  }
  return {
    moduleNameMapper: Object.fromEntries(
      Object.entries(ENTRIES).map(([name, specifier]) => [`^${specifier}$`, fileOf(name)]),
    ),
    hook: join(folder, 'hook.cjs'),
  }
}

/** Renames the finished folder, because another run may do the same at this moment. */
async function write(unfinished: string, folder: string): Promise<void> {
  const bundle = await rolldown({ input: ENTRIES, platform: 'node', cwd: root })
  await bundle.write({ dir: unfinished, entryFileNames: '[name].mjs', chunkFileNames: 'shared-[name].mjs' })
  await bundle.close()
  const names = JSON.stringify(Object.fromEntries(Object.entries(ENTRIES).map(([name, entry]) => [entry, name])))
  const hook = `
    const { pathToFileURL } = require('node:url')
    const names = ${names}
    require('node:module').registerHooks({
      resolve: (specifier, context, next) =>
        Object.hasOwn(names, specifier)
          ? { url: pathToFileURL(\`\${__dirname}/\${names[specifier]}.mjs\`).href, format: 'module', shortCircuit: true }
          : next(specifier, context),
    })`
  writeFileSync(join(unfinished, 'hook.cjs'), hook)
  try {
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true })
    if (!existsSync(folder)) throw error
  }
}
