import { PERMISSIONS, type Permission } from '../access/authentication.ts'
import { nearestName } from '../base/nearest.ts'
import { findMistake, Mistake, parsed, splitList } from './mistake.ts'

const NAME = /^[\w-]{1,64}$/
export const VISIBLE_ASCII = /^[\x21-\x7e]+$/
const MIN_KEY = 16
const MAX_KEYS_OF_CALLER = 2

export const callerKeys = parsed(
  `expected name:key, or name:key,name:key, with names of letters, digits, _ and -, and keys of at least ${MIN_KEY} visible ASCII characters`,
  (list) => {
    const entries = splitList(list)
    const mistake = findMistake(entries, findKeyMistake)
    if (mistake !== undefined) return mistake
    const callers = entries.map(splitEntry)
    return findRepeatMistake(callers) ?? callers
  },
)

type CallerEntry = { name: string; key: string }

function splitEntry(entry: string): CallerEntry {
  const [name = '', ...rest] = entry.split(':')
  return { name, key: rest.join(':') }
}

function findKeyMistake(entry: string): string | undefined {
  if (!entry.includes(':')) return 'has no colon between name and key'
  const { name, key } = splitEntry(entry)
  if (name === '') return 'has no name before its colon'
  if (key === '') return 'has no key after its colon'
  if (!VISIBLE_ASCII.test(key)) return 'has a key with blanks, or with characters that are not ASCII'
  if (!NAME.test(name)) return 'has a name with other characters, or with more than 64'
  return key.length < MIN_KEY ? `has a key that is too short: ${key.length} of ${MIN_KEY} characters` : undefined
}

/** A name is not repeated in the message: before a colon there may also be a part of a key. */
function findRepeatMistake(callers: readonly CallerEntry[]): Mistake | undefined {
  for (const [index, { name, key }] of callers.entries()) {
    const earlier = callers.slice(0, index)
    if (earlier.some((other) => other.key === key))
      return new Mistake(`entry ${index + 1} has the key of an earlier one`)
    if (earlier.filter((other) => other.name === name).length >= MAX_KEYS_OF_CALLER)
      return new Mistake(`entry ${index + 1} gives the same name a third key; a name may have ${MAX_KEYS_OF_CALLER}`)
  }
  return undefined
}

/** Names may come without words: such a caller reads the metrics and the documentation only. */
export const callerPermissions = parsed(
  `expected name=word,word;name=word with each name of INTERNAL_API_KEYS once and the words ${PERMISSIONS.join(', ')}`,
  (list) => {
    const entries = list.split(';').map((entry) => entry.trim())
    const mistake = findMistake(entries, findPermissionMistake)
    if (mistake !== undefined) return mistake
    const permissions = new Map<string, ReadonlySet<Permission>>()
    for (const [index, entry] of entries.entries()) {
      const { name, words } = splitPermissions(entry)
      if (permissions.has(name)) return new Mistake(`entry ${index + 1} gives a name twice`)
      permissions.set(name, new Set(words.filter(isPermission)))
    }
    return permissions
  },
)

function splitPermissions(entry: string) {
  const [name = '', words = ''] = entry.split('=').map((part) => part.trim())
  return { name, words: words === '' ? [] : splitList(words) }
}

function findPermissionMistake(entry: string): string | undefined {
  const signs = entry.split('=').length - 1
  if (signs > 1) return 'has more than one = sign; entries are separated by semicolons'
  const { name, words } = splitPermissions(entry)
  if (name === '') return 'has no name before its = sign'
  const unknown = words.find((word) => !isPermission(word))
  if (unknown === undefined) return undefined
  const meant = nearestName(unknown, PERMISSIONS)
  return `has an unknown word${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

function isPermission(word: string): word is Permission {
  return PERMISSIONS.some((known) => known === word)
}
