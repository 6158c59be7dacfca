import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Reference } from '../routes/reference.ts'

/** In a build, where this file is packed in another folder. In a checkout it is made when it is asked for. */
const BUILT = join(import.meta.dirname, '..', 'reference', 'built.json')

const inBoth = z.object({ en: z.string(), fa: z.string() })
const schema = z.object({ openapi: inBoth, pages: inBoth, style: z.string() })

export async function loadReference(): Promise<Reference> {
  if (existsSync(BUILT)) return schema.parse(JSON.parse(await readFile(BUILT, 'utf8')))
  return (await import('../reference/make/make.ts')).makeReference()
}
