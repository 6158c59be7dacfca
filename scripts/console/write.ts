/** Writes what `GET /console` answers into the build. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { page } from './page.ts'

writeFileSync(join(import.meta.dirname, '..', '..', 'dist', 'console.json'), JSON.stringify(page))
