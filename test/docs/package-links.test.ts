import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { anchorsOf, linksOf } from '../support/links.ts'
import { readPage } from '../support/printed-commands.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const packed = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }))

const manifest = z
  .object({ files: z.array(z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
const copied = [
  'package.json',
  'README.md',
  'README.fa.md',
  'LICENSE',
  ...manifest.files.filter((name) => name !== 'dist'),
]
/** Without `dist`, which another test may build at this moment. Documents link to nothing in it. */
const copy = mkdtempSync(join(tmpdir(), 'kenar-pack-'))
for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true })

/** The files of the package as npm would publish them. */
const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: copy,
  encoding: 'utf8',
})
rmSync(copy, { recursive: true })
const files = packed.parse(JSON.parse(stdout)).flatMap((one) => one.files.map(({ path }) => path))
const isPacked = (path: string) => files.some((file) => file === path || file.startsWith(`${path}/`))

describe('the package has what its documents name', () => {
  test.each(files.filter((file) => file.endsWith('.md')))(
    '%s links only to packed files and headings that exist',
    (name) => {
      for (const { target, path, anchor } of linksOf(name)) {
        expect([target, isPacked(path)]).toEqual([target, true])
        if (anchor !== undefined && path.endsWith('.md'))
          expect([target, anchorsOf(readPage(path))]).toEqual([target, expect.arrayContaining([anchor])])
      }
    },
  )

  test.each(files.filter((file) => file.endsWith('.md')))(
    'the files of examples/ in the commands of %s are packed',
    (name) => {
      for (const [, block = ''] of readPage(name).matchAll(/^ *```sh\n(.*?)^ *```/gms)) {
        for (const [path] of block.matchAll(/(?<![\w/])examples\/[\w./-]*\w/g))
          expect([path, isPacked(path)]).toEqual([path, true])
      }
    },
  )
})
