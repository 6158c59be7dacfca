import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'

const root = new URL('..', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, root), 'utf8')
const security = read('SECURITY.md')
const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')))

/** The rows of the table under a heading: what is asked or feared, what is done, what shows it. */
function rowsUnder(heading: string) {
  const [, section = ''] = security.split(`\n## ${heading}\n`)
  const table = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'))
  return table.slice(2).map((line) => {
    const [asked = '', done = '', shown = ''] = line.split(/(?<!\\)\|/).slice(1, -1)
    return {
      asked: asked.trim(),
      done: done.trim(),
      shown: [...shown.matchAll(/`([^`]+)`/g)].map(([, one = '']) => one),
    }
  })
}

const defended = rowsUnder('Threats and defences')
const checklist = rowsUnder("Divar's requirements for apps")
const owasp = rowsUnder('OWASP API Security Top 10 (2023)')

describe('SECURITY.md', () => {
  test("answers every row of Divar's checklist and each of OWASP's ten risks", () => {
    expect(defended.length).toBeGreaterThanOrEqual(20)
    expect(checklist).toHaveLength(15)
    expect(owasp.map(({ asked }) => asked.split(' ')[0])).toEqual(Array.from({ length: 10 }, (_, at) => `API${at + 1}`))
  })

  test.each([...defended, ...checklist, ...owasp])('$asked: says what is done, and names existing tests', (row) => {
    expect(row.done).not.toBe('')
    expect(row.shown.length).toBeGreaterThan(0)
    let folder = ''
    for (const name of row.shown) {
      const [, script] = /^npm run (\S+)$/.exec(name) ?? []
      if (script !== undefined) {
        expect(scripts).toHaveProperty([script])
        continue
      }
      // A bare file name is in the folder of the one before it.
      const path = name.startsWith('test/') ? name : `${folder}/${name}`
      folder = path.endsWith('.test.ts') ? path.slice(0, path.lastIndexOf('/')) : path
      expect([path, existsSync(new URL(path, root))]).toEqual([path, true])
    }
  })
})
