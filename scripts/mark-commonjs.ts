/** Tells Node and TypeScript that what the compiler put into `dist/commonjs` is CommonJS, inside a package of ES modules. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '..', 'dist', 'commonjs')
writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)
