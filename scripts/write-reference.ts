/** Makes what /docs and /openapi.json answer, so that a built gateway only reads it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeReference } from '../src/reference/make/make.ts'

writeFileSync(join(import.meta.dirname, '..', 'dist', 'reference', 'built.json'), JSON.stringify(makeReference()))
