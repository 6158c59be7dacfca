import { readFileSync } from 'node:fs'

const START = /"start": "node (--.*) dist\/main\.js"/

/** What `npm start` gives Node, and so do the image and the unit: what is proven and measured runs as it ships. */
export const NODE_FLAGS = flagsOf(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

function flagsOf(manifest: string): string[] {
  const flags = START.exec(manifest)?.[1]
  if (flags === undefined) throw new Error('package.json has no start as it was')
  return flags.split(' ')
}
