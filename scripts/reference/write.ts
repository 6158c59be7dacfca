/** Writes what `GET /openapi.json` and `GET /docs` answer into the build. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reference } from './reference.ts'

writeFileSync(join(import.meta.dirname, '..', '..', 'dist', 'reference.json'), JSON.stringify(reference))
