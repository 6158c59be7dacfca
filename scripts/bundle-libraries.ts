import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import * as z from 'zod'

const root = join(import.meta.dirname, '..')
const PACKAGES = ['kysely', 'zod']
const ENTRIES = { kysely: 'kysely', migration: 'kysely/migration', zod: 'zod' }

export type BundledLibraries = {
  /** The path of each entry, for Jest's `moduleNameMapper`. */
  moduleNameMapper: Record<string, string>
  /** A file for `node --require`, after which `import` finds the bundles too. */
  hook: string
}

/**
 * Bundles kysely and zod for the tests, into a folder named after their versions. Their 400 files are loaded by hundreds of suites, SQLite
 * threads and spawned gateways; as three files they take a tenth of the processor time.
 */
export async function bundleLibraries(): Promise<BundledLibraries> {
  const cache = join(root, 'node_modules', '.cache')
  const folder = join(cache, PACKAGES.map((name) => `${name}-${versionOf(name)}`).join('-'))
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

function versionOf(name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'))
  return z.object({ version: z.string() }).parse(manifest).version
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
