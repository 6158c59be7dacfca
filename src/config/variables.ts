/** Schemas of single variables. Errors say what was expected and never repeat a value, which may be a secret. */
import { accessSync, constants, statSync } from 'node:fs'
import { isIP } from 'node:net'
import * as z from 'zod'
import {
  isLoopback,
  isOrigin,
  ORIGINS_EXPECTED,
  readAddressRanges,
  readOrigins,
  readWebAddress,
} from '../base/address.ts'
import { nearestName } from '../base/nearest.ts'
import { LOG_LEVELS } from '../observability/log.ts'
import { MAX_ACTION_TEXT } from '../resolver/action.ts'
import { checkLandingUrl } from '../resolver/resolve.ts'
import { isRequestedScope, SCOPE_WORDS } from '../scope/scope.ts'
import { VISIBLE_ASCII } from './callers.ts'
import { findMistake, Mistake, parsed, required, splitList } from './mistake.ts'

export { callerKeys, callerPermissions } from './callers.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** @param isValid whether a text is what `error` says was expected */
function checked(error: string, isValid: (text: string) => boolean) {
  return required(error).refine(isValid, { error })
}

export const text = required('expected a text')

function oneOf<const Word extends string>(words: readonly Word[], error: string) {
  return z.enum(words, {
    error: ({ input }) => {
      if (input === undefined) return `missing; ${error}`
      const meant = typeof input === 'string' ? nearestName(input, words) : undefined
      return meant === undefined ? error : `did you mean ${meant}? ${error}`
    },
  })
}

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

export const headerSecret = parsed('expected visible ASCII characters without blanks', (value) => {
  if (VISIBLE_ASCII.test(value)) return value
  return new Mistake(/\s/.test(value) ? 'it has a blank' : 'it has a character that is not ASCII')
})

export const resolverKind = oneOf(['template', 'module', 'forward'], 'expected template, module or forward')

export const webAddress = parsed(
  'expected an absolute http(s) address without credentials',
  (value) => readWebAddress(value) ?? findAddressMistake(value),
)

function findAddressMistake(value: string): Mistake | undefined {
  if (/\s/.test(value)) return new Mistake('it has a blank')
  if (!/^https?:\/\//i.test(value)) return new Mistake('it does not begin with https:// or http://')
  return /^[^/]*\/\/[^/?#]*@/.test(value) ? new Mistake('it has a user name or a password') : undefined
}

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

export const scopeStyle = oneOf(['v1', 'v2'], 'expected v1 or v2')

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

export const logLevel = oneOf(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(', ')}`)

type DatabaseChoice = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

export const database = parsed(
  'expected file:<path> for SQLite, or postgres://<user>:<password>@<host>/<database> with a percent-encoded password',
  (url): DatabaseChoice | Mistake | undefined => {
    const file = readSqliteFile(url)
    if (file !== undefined) return { kind: 'sqlite', file }
    return isPostgresAddress(url) ? { kind: 'postgres', url } : findDatabaseMistake(url)
  },
)

function findDatabaseMistake(url: string): Mistake | undefined {
  if (url === 'file::memory:') return new Mistake('a database in memory would lose its messages')
  if (/^file:.*\?/.test(url)) return new Mistake('a file takes no parameters')
  if (/^file:.*\/$/.test(url)) return new Mistake('it names a folder')
  if (url.startsWith('file:')) return undefined
  if (!/^postgres(?:ql)?:\/\//.test(url)) return new Mistake('it does not begin with file: or postgres://')
  return /@.*@|#|\/[^/@]*@/.test(url.slice(url.indexOf('//') + 2))
    ? new Mistake('a character of the password, such as @ / #, is not percent-encoded')
    : undefined
}

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

const KEY_BYTES = 32
export const encryptionKeys = parsed(
  'expected base64 of exactly 32 bytes, or several separated by commas, each once; openssl rand -base64 32 makes one',
  (list): [Buffer, ...Buffer[]] | Mistake | undefined => {
    const entries = splitList(list)
    const [first, ...others] = entries.map((entry) => Buffer.from(entry, 'base64'))
    const mistake =
      findMistake(entries, findEncryptionKeyMistake) ??
      // Two notations of one key.
      findMistake(
        [first, ...others].map((key) => key?.toString('hex') ?? ''),
        () => undefined,
      )
    return mistake ?? (first && [first, ...others])
  },
)

function findEncryptionKeyMistake(entry: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/]*|[\w-]*)={0,2}$/.test(entry)) return 'is not base64'
  const { length } = Buffer.from(entry, 'base64')
  if (length !== KEY_BYTES) return `has ${length} bytes`
  return /^[^=]{43}=?$/.test(entry) ? undefined : 'is not base64'
}

const MAX_WEBHOOK_SECRETS = 2
/** The format of Standard Webhooks, as its libraries accept it; two while one rotates. */
export const webhookSecrets = parsed(
  'expected whsec_ and base64 of 24 to 64 bytes, or two of these separated by a comma; echo "whsec_$(openssl rand -base64 32)" makes one',
  (list): [string, ...string[]] | Mistake | undefined => {
    const entries = splitList(list)
    const [first, ...others] = entries
    if (others.length >= MAX_WEBHOOK_SECRETS) return new Mistake(`it has ${entries.length} secrets`)
    return findMistake(entries, findWebhookSecretMistake) ?? (first === undefined ? undefined : [first, ...others])
  },
)

function findWebhookSecretMistake(entry: string): string | undefined {
  if (!entry.startsWith('whsec_')) return 'does not begin with whsec_'
  const encoded = entry.slice('whsec_'.length)
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return 'is not base64 after whsec_'
  return bytes.length < 24 || bytes.length > 64 ? `has ${bytes.length} bytes` : undefined
}

export const writableFolder = checked('expected a folder that exists and can be written to', (folder) => {
  try {
    accessSync(folder, constants.W_OK)
    return statSync(folder).isDirectory()
  } catch {
    return false
  }
})
