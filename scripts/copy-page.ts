/** Puts what the compiler does not make of the simulator's page, its text and its styles, beside what it makes. */
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const [from, to] = ['src', 'dist'].map((root) => join(import.meta.dirname, '..', root, 'simulator', 'page'))
if (from === undefined || to === undefined) throw new Error('unreachable')
for (const file of readdirSync(from)) {
  if (/\.(?:html|css|svg)$/.test(file)) copyFileSync(join(from, file), join(to, file))
}
