import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newFolder } from './databases.ts'
import { matchesOf } from './docs-pages.ts'

const run = promisify(execFile)

/** Samples as a page has them, by operation and language. */
export function samplesIn(page: string): Map<string, Map<string, string>> {
  return new Map(
    page
      .split('data-samples="')
      .slice(1)
      .map((part) => {
        const [samples = ''] = part.split('</aside>')
        const languages = matchesOf(samples, /data-sample="(\w+)"/g)
        const codes = matchesOf(samples, /<pre[^>]*><code>([^]*?)<\/code><\/pre>/g).map(unescapeHtml)
        const id = samples.slice(0, samples.indexOf('"'))
        return [id, new Map(languages.map((language, at) => [language, codes[at] ?? '']))] as const
      }),
  )
}

function unescapeHtml(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}

type Runner = { program: string; file: string; run: readonly string[]; check: readonly string[] }

/** How a sample is run and checked as a reader would, by its language; the file's name follows. */
export const RUNNERS: Readonly<Record<string, Runner>> = {
  curl: { program: 'bash', file: 'sample.sh', run: [], check: ['-n'] },
  javascript: { program: process.execPath, file: 'sample.mjs', run: [], check: ['--check'] },
  python: { program: 'python3', file: 'sample.py', run: [], check: ['-m', 'py_compile'] },
  php: { program: 'php', file: 'sample.php', run: [], check: ['-l'] },
  go: { program: 'go', file: 'sample.go', run: ['run'], check: ['vet'] },
}

/** What a sample prints. @throws with its errors when it fails */
export async function runSample(
  { program, file, ...parameters }: Runner,
  code: string,
  how: 'run' | 'check',
  variables: Record<string, string> = {},
): Promise<string> {
  const path = join(await newFolder(), file)
  await writeFile(path, code)
  const { stdout } = await run(program, [...parameters[how], path], {
    env: { ...process.env, ...variables, CGO_ENABLED: '0' },
  })
  return stdout
}
