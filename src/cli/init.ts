import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve as resolvePath } from 'node:path'
import type { Command } from 'commander'
import * as z from 'zod'
import { describeError } from '../observability/log.ts'
import { shellQuote } from '../ui/shell-quote.ts'
import { readJson } from './call.ts'
import { projectFiles, type NewFile, type ProjectKind } from './init-files.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { paint, type Output } from './output.ts'

const options = z.object({ js: z.boolean().default(false) })

export function registerInit(program: Command, output: Output, end: (code: ExitCode) => void): void {
  program
    .command('init [folder]')
    .description(
      'write a first project: .env with fresh keys, a resolver with its test, and compose.yaml; existing files are kept',
    )
    .option('--js', 'JavaScript in place of TypeScript')
    .action(async (given: string | undefined, more: unknown) => {
      const { js } = options.parse(more)
      const folder = resolvePath(given ?? '.')
      const kind = kindOf(folder, js ? 'js' : 'ts')
      await mkdir(folder, { recursive: true })
      for (const file of projectFiles(kind)) {
        const isNew = await writeNew(folder, file)
        output.out([
          isNew ? paint('green', 'written  ') : paint('yellow', 'kept     '),
          file.name,
          isNew ? '' : ' (it was there)',
        ])
      }
      output.out('', 'Next:', ...nextSteps(folder, kind.extension).map((step) => `  ${step}`))
      end(EXIT.ok)
    })
}

/** Files of the extension are ES modules, whatever package.json says or will say once `npm install` has written one. */
function kindOf(folder: string, language: ProjectKind['language']): ProjectKind {
  return { language, extension: hasModules(folder) ? `.${language}` : `.m${language}` }
}

const packageShape = z.object({ type: z.string().optional() })

/** By the nearest package.json. `npm init` writes "commonjs", and `npm install` no type, which Node warns of with each start. */
function hasModules(folder: string): boolean {
  const file = join(folder, 'package.json')
  if (existsSync(file)) return packageShape.safeParse(readJson(readFileSync(file, 'utf8'))).data?.type === 'module'
  return dirname(folder) === folder ? false : hasModules(dirname(folder))
}

/** @returns whether it was written: an existing file stays as it is */
async function writeNew(folder: string, { name, text, mode }: NewFile): Promise<boolean> {
  try {
    await writeFile(join(folder, name), text, { flag: 'wx', ...(mode !== undefined && { mode }) })
    return true
  } catch (error) {
    const { error: reason, error_code: code = reason } = describeError(error)
    if (code === 'EEXIST') return false
    throw new CommandFailure(`${join(folder, name)}: cannot be written (${code})`, EXIT.usage)
  }
}

function nextSteps(folder: string, extension: string): string[] {
  const away = relative('.', folder)
  return [
    ...(away === '' ? [] : [`cd ${quote(away)}`]),
    ...(existsSync(join(folder, 'node_modules', 'kenar-chat-gateway')) ? [] : ['npm install kenar-chat-gateway']),
    `npx kenar-chat-gateway dev resolver${extension} --open`,
    `node --test resolver.test${extension}`,
    'npx kenar-chat-gateway start',
  ]
}

/** As a word of a POSIX shell, if it has to be. */
function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : shellQuote(path)
}
