import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CheckFailure } from './process.ts'

export type User = { uid: number; gid: number; home: string }

/** Reads an image's `USER` as a container engine does: names and main groups come from the image's own lists. */
export function readUser(tree: string, written: string): User {
  const [user = '', group = ''] = written.split(':')
  const known = findRow(tree, 'passwd', user === '' ? '0' : user)
  const knownGroup = findRow(tree, 'group', group)
  return {
    uid: toId(known?.[2] ?? (user === '' ? '0' : user)),
    gid: toId(group === '' ? (known?.[3] ?? '0') : (knownGroup?.[2] ?? group)),
    home: known?.[5] ?? '/',
  }
}

function findRow(tree: string, list: 'passwd' | 'group', wanted: string): string[] | undefined {
  const rows = readList(join(tree, 'etc', list)).map((line) => line.split(':'))
  return rows.find(([name]) => name === wanted) ?? rows.find(([, , id]) => id === wanted)
}

function readList(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    // An image without such a list can still name its user by number.
    return []
  }
}

function toId(text: string): number {
  if (!/^\d+$/.test(text)) throw new CheckFailure(`the image's user or group "${text}" is not in its own lists`)
  return Number(text)
}
