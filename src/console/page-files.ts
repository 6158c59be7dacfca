import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { assetsSchema } from '../http/page-assets.ts'

const pageSchema = z.object({
  /** With `{{token}}` where the session's token goes. */
  html: z.object({ console: z.string(), login: z.string() }),
  assets: assetsSchema,
})
export type ConsolePage = z.input<typeof pageSchema>

/** Written by the build into dist/. */
const BUILT = join(import.meta.dirname, '..', 'console.json')
/** In a checkout there is no built file; the page is then put together on first use. */
const GENERATOR = new URL('../../scripts/console/page.ts', import.meta.url)

let loading: Promise<z.output<typeof pageSchema>> | undefined

/** The page's files, read once. */
export function loadPage(): Promise<z.output<typeof pageSchema>> {
  return (loading ??= readPage())
}

async function readPage() {
  if (existsSync(BUILT)) return pageSchema.parse(JSON.parse(await readFile(BUILT, 'utf8')))
  return z.object({ page: pageSchema }).parse(await import(GENERATOR.href)).page
}
