import { posix } from 'node:path'
import { readPage } from './printed-commands.ts'

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\u200c_ -]/gu, '')
    .replaceAll(' ', '-')

export const anchorsOf = (page: string) => [
  ...[...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)),
  ...[...page.matchAll(/<a id="([^"]+)"/g)].map(([, id = '']) => id),
]

/** The links of a page to other files, or to its own headings; paths are from the root of the repository. */
export function linksOf(name: string): { target: string; path: string; anchor: string | undefined }[] {
  return [...readPage(name).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^(?:https?|mailto):/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#')
      const path = file === '' ? name : posix.join(posix.dirname(name), file)
      return { target, path: path.replace(/\/$/, ''), anchor: anchor && decodeURIComponent(anchor) }
    })
}
