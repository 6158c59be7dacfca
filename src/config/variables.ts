/** Schemas of single variables. Errors say what was expected and never repeat a value, which may be a secret. */
import { accessSync, constants, statSync } from 'node:fs'
import { isIP } from 'node:net'
import * as z from 'zod'
import { PERMISSIONS, type Permission } from '../access/permissions.ts'
import {
  isLoopback,
  isOrigin,
  ORIGINS_EXPECTED,
  readAddressRanges,
  readOrigins,
  readWebAddress,
} from '../base/address.ts'
import { LOG_LEVELS } from '../observability/log.ts'
import { MAX_ACTION_TEXT } from '../resolver/action.ts'
import { checkLandingUrl } from '../resolver/resolve.ts'
import { isRequestedScope, SCOPE_WORDS } from '../scope/scope.ts'

export type Environment = Readonly<Record<string, string | undefined>>

function required(error: string) {
  return z.string({ error: (issue) => (issue.input === undefined ? `missing; ${error}` : error) })
}

/** @param isValid whether a text is what `error` says was expected */
function checked(error: string, isValid: (text: string) => boolean) {
  return required(error).refine(isValid, { error })
}

/** @param parse the value of a text; undefined when it is not what `error` says was expected */
function parsed<Value>(error: string, parse: (text: string) => Value | undefined) {
  return required(error).transform((text, context): Value => {
    const value = parse(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: error })
    return z.NEVER
  })
}

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}

function splitList(list: string): string[] {
  return list.split(',').map((entry) => entry.trim())
}

export const text = required('expected a text')

export const host = checked(
  'expected an IP address, or localhost',
  (value) => value === 'localhost' || isIP(value) !== 0,
)

export function integer(min: number, max: number, what: string) {
  return parsed(`expected ${what} from ${min} to ${max}`, (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN
    return number >= min && number <= max ? number : undefined
  })
}

export const port = integer(0, 65_535, 'a port number')

export function milliseconds(min: number, max: number) {
  return integer(min, max, 'whole milliseconds')
}

/** As Divar's panel shows it: any length, any characters. */
export const identificationKey = required('expected the key that the developer panel shows')

const VISIBLE_ASCII = /^[\x21-\x7e]+$/
export const headerSecret = checked('expected visible ASCII characters without blanks', (value) =>
  VISIBLE_ASCII.test(value),
)

const MIN_CALLER_KEY = 16
const MAX_KEYS_OF_CALLER = 2
export const callerKeys = parsed(
  `expected name:key,name:key with names of letters, digits, _ and -, and keys of at least ${MIN_CALLER_KEY} visible ASCII characters; each key once, and each name at most twice`,
  (list) => {
    const entries = splitList(list).map((entry) => {
      const [name = '', ...rest] = entry.split(':')
      return { name, key: rest.join(':') }
    })
    const areValid = entries.every(
      ({ name, key }) => /^[\w-]{1,64}$/.test(name) && key.length >= MIN_CALLER_KEY && VISIBLE_ASCII.test(key),
    )
    const byName = Map.groupBy(entries, ({ name }) => name)
    const areFew = [...byName.values()].every((ofOne) => ofOne.length <= MAX_KEYS_OF_CALLER)
    return areValid && areFew && isUnique(entries.map(({ key }) => key)) ? entries : undefined
  },
)

/** Names may come without words: such a caller reads the metrics and the documentation only. */
export const callerPermissions = parsed(
  `expected name=word,word;name=word with each name of INTERNAL_API_KEYS once and the words ${PERMISSIONS.join(', ')}`,
  (list) => {
    const entries = list.split(';').map((entry) => {
      const [name = '', words = '', ...rest] = entry.split('=').map((part) => part.trim())
      const permissions = words === '' ? [] : splitList(words)
      return rest.length > 0 ? undefined : { name, permissions: permissions.filter(isPermission), given: permissions }
    })
    const permissions = new Map<string, ReadonlySet<Permission>>()
    for (const entry of entries) {
      const isKnown = entry !== undefined && entry.permissions.length === entry.given.length
      if (!isKnown || entry.name === '' || permissions.has(entry.name)) return undefined
      permissions.set(entry.name, new Set(entry.permissions))
    }
    return permissions
  },
)

function isPermission(word: string): word is Permission {
  return PERMISSIONS.some((known) => known === word)
}

export const resolverKind = z.enum(['template', 'module', 'forward'], {
  error: (issue) => `${issue.input === undefined ? 'missing; ' : ''}expected template, module or forward`,
})

export const webAddress = parsed('expected an absolute http(s) address without credentials', readWebAddress)

/** Paths are appended to it. */
export const baseAddress = webAddress.refine(({ search, hash }) => search === '' && hash === '', {
  error: 'expected an address without query and fragment',
})

export const origin = webAddress.refine(isOrigin, {
  error: 'expected an origin such as https://oauth.divar.ir, without a path',
})

/** Users' browsers open it. */
export const publicAddress = baseAddress.refine((address) => address.protocol === 'https:' || isLoopback(address), {
  error: 'expected an https address; http is for loopback only',
})

export const scopes = parsed(
  `expected 1 to 20 of ${SCOPE_WORDS.join(', ')}, or scopes as the platform writes them, separated by commas`,
  (list) => {
    const entries = splitList(list)
    return entries.length <= 20 && entries.every(isRequestedScope) ? entries : undefined
  },
)

/** Divar's set of types is open, so any word is allowed. */
export const eventTypes = parsed('expected types of events such as NEW_MESSAGE, separated by commas', (list) => {
  const entries = splitList(list).map((entry) => entry.toUpperCase())
  return entries.every((entry) => /^[\x21-\x7e]{1,64}$/.test(entry)) ? new Set(entries) : undefined
})

export const scopeStyle = z.enum(['v1', 'v2'], { error: 'expected v1 or v2' })

/** Set by the operator, so LANDING_ALLOWED_ORIGINS does not apply; https, since users' browsers open it. */
export const landing = required('expected an https address').transform((value, context) => {
  const landingUrl = checkLandingUrl(value, {})
  if ('url' in landingUrl) return landingUrl.url
  context.addIssue({ code: 'custom', message: landingUrl.refused })
  return z.NEVER
})

/** Shown to a user whose dynamic action failed. */
export const actionText = checked(
  `expected a text of at most ${MAX_ACTION_TEXT} characters`,
  (value) => value.length <= MAX_ACTION_TEXT,
)

export const origins = parsed(ORIGINS_EXPECTED, readOrigins)

export const addressRanges = parsed(
  'expected addresses or ranges such as 10.0.0.0/8, separated by commas',
  readAddressRanges,
)

export const trustProxy = z.union([integer(0, 10, 'a number of proxies'), addressRanges], {
  error: 'expected how many proxies are in front of the gateway (0 to 10), or their addresses or ranges',
})

export const logLevel = z.enum(LOG_LEVELS, { error: `expected one of ${LOG_LEVELS.join(', ')}` })

type DatabaseChoice = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

export const database = parsed(
  'expected file:<path> for SQLite, or postgres://<user>:<password>@<host>/<database> with a percent-encoded password',
  (url): DatabaseChoice | undefined => {
    const file = readSqliteFile(url)
    if (file !== undefined) return { kind: 'sqlite', file }
    return isPostgresAddress(url) ? { kind: 'postgres', url } : undefined
  },
)

/** Two slashes would begin a host, and an in-memory database would not persist. */
function readSqliteFile(value: string): string | undefined {
  const file = /^file:(?:\/\/(?=\/))?([^?]*[^?/])$/.exec(value)?.[1]
  return file === undefined || file.startsWith('//') || file === ':memory:' ? undefined : file
}

function isPostgresAddress(value: string): boolean {
  if (!/^postgres(?:ql)?:\/\//.test(value)) return false
  const plain = URL.parse(value)
  // PostgreSQL's notation for a Unix socket, `user@/database?host=/run`, is not a valid URL.
  const address = plain ?? URL.parse(value.replace('@/', '@socket/'))
  // After an unencoded / or # the rest of a password would be taken for the database name, which may be shown.
  if (address === null || `${address.pathname}${address.hash}`.includes('@')) return false
  return Boolean(plain?.hostname) || Boolean(address.searchParams.get('host'))
}

const ENCRYPTION_KEY = /^(?:[A-Za-z0-9+/]{43}|[\w-]{43})=?$/
export const encryptionKeys = parsed(
  'expected base64 of exactly 32 bytes, or several separated by commas, each once; openssl rand -base64 32 makes one',
  (list): [Buffer, ...Buffer[]] | undefined => {
    const entries = splitList(list)
    const [first, ...others] = entries.map((entry) => Buffer.from(entry, 'base64'))
    if (first === undefined || !entries.every((entry) => ENCRYPTION_KEY.test(entry))) return undefined
    return isUnique([first, ...others].map((key) => key.toString('hex'))) ? [first, ...others] : undefined
  },
)

/** The format of Standard Webhooks, as its libraries accept it. */
export const webhookSecret = checked(
  'expected whsec_ and base64 of 24 to 64 bytes; echo "whsec_$(openssl rand -base64 32)" makes one',
  (value) => {
    const encoded = /^whsec_(.+)$/.exec(value)?.[1] ?? ''
    const bytes = Buffer.from(encoded, 'base64')
    return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded
  },
)

export const writableFolder = checked('expected a folder that exists and can be written to', (folder) => {
  try {
    accessSync(folder, constants.W_OK)
    return statSync(folder).isDirectory()
  } catch {
    return false
  }
})
