/** Puts what the compiler does not make of the pages, their HTML and styles, beside what it makes. */
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

for (const folder of ['ui', 'simulator/page']) {
  for (const file of readdirSync(join(ROOT, 'src', folder))) {
    if (/\.(?:html|css|svg)$/.test(file))
      copyFileSync(join(ROOT, 'src', folder, file), join(ROOT, 'dist', folder, file))
  }
}
