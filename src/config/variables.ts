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
  type AddressRanges,
} from '../base/address.ts'
import { LOG_LEVELS } from '../observability/log.ts'
import { checkLandingUrl } from '../resolver/resolve.ts'
import { isRequestedScope, SCOPE_WORDS } from '../scope/scope.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Schemas of single variables. Errors say what was expected and never repeat a value, which may be a secret. */

const MIN_CALLER_KEY = 16

function required(error: string) {
  return z.string({ error: (issue) => (issue.input === undefined ? `missing; ${error}` : error) })
}

export const text = required('expected a text')

const hostError = 'expected an IP address, or localhost'
export const host = required(hostError).refine((value) => value === 'localhost' || isIP(value) !== 0, {
  error: hostError,
})

export function integer(min: number, max: number, what: string) {
  const error = `expected ${what} from ${min} to ${max}`
  return required(error)
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
}

export const port = integer(0, 65_535, 'a port number')

export function milliseconds(min: number, max: number) {
  return integer(min, max, 'whole milliseconds')
}

/** As Divar's panel shows it: any length, any characters. */
export const identificationKey = required('expected the key that the developer panel shows')

const headerSecretError = 'expected visible ASCII characters without blanks'
export const headerSecret = required(headerSecretError).regex(/^[\x21-\x7e]+$/, { error: headerSecretError })

const callerKeysError = `expected name:key,name:key with names of letters, digits, _ and -, and keys of at least ${MIN_CALLER_KEY} visible ASCII characters; each name and each key once`
export const callerKeys = required(callerKeysError)
  .transform((list) => list.split(',').map(splitCallerKey))
  .refine((entries) => entries.every(isCallerKey) && isUnique(entries.map(({ name }) => name)), {
    error: callerKeysError,
  })
  .refine((entries) => isUnique(entries.map(({ key }) => key)), { error: callerKeysError })

type CallerKey = { name: string; key: string }

function splitCallerKey(entry: string): CallerKey {
  const [name = '', ...rest] = entry.trim().split(':')
  return { name, key: rest.join(':') }
}

function isCallerKey({ name, key }: CallerKey): boolean {
  return /^[\w-]{1,64}$/.test(name) && key.length >= MIN_CALLER_KEY && /^[\x21-\x7e]+$/.test(key)
}

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}

export const resolverKind = z.enum(['template', 'module', 'forward'], {
  error: (issue) => `${issue.input === undefined ? 'missing; ' : ''}expected template, module or forward`,
})

const webAddressError = 'expected an absolute http(s) address without credentials'
export const webAddress = required(webAddressError).transform((value, context) => {
  const address = readWebAddress(value)
  if (address !== undefined) return address
  context.addIssue({ code: 'custom', message: webAddressError })
  return z.NEVER
})

const baseAddressError = 'expected an address without query and fragment'
/** Paths are appended to it. */
export const baseAddress = webAddress.refine(({ search, hash }) => search === '' && hash === '', {
  error: baseAddressError,
})

const originError = 'expected an origin such as https://oauth.divar.ir, without a path'
export const origin = webAddress.refine(isOrigin, { error: originError })

/** Users' browsers open it. */
export const publicAddress = baseAddress.refine((address) => address.protocol === 'https:' || isLoopback(address), {
  error: 'expected an https address; http is for loopback only',
})

const scopesError = `expected 1 to 20 of ${SCOPE_WORDS.join(', ')}, or scopes as the platform writes them, separated by commas`
export const scopes = required(scopesError)
  .transform((list) => list.split(',').map((entry) => entry.trim()))
  .refine((entries) => entries.length <= 20 && entries.every(isRequestedScope), { error: scopesError })

export const scopeStyle = z.enum(['v1', 'v2'], { error: 'expected v1 or v2' })

/** Set by the operator, so LANDING_ALLOWED_ORIGINS does not apply; https, since users' browsers open it. */
export const landing = required('expected an https address').transform((value, context) => {
  const checked = checkLandingUrl(value, {})
  if ('url' in checked) return checked.url
  context.addIssue({ code: 'custom', message: checked.refused })
  return z.NEVER
})

export const origins = required(ORIGINS_EXPECTED).transform((list, context): ReadonlySet<string> => {
  const found = readOrigins(list)
  if (found !== undefined) return found
  context.addIssue({ code: 'custom', message: ORIGINS_EXPECTED })
  return z.NEVER
})

const rangesError = 'expected addresses or ranges such as 10.0.0.0/8, separated by commas'
export const addressRanges = required(rangesError).transform((list, context): AddressRanges => {
  const ranges = readAddressRanges(list)
  if (ranges !== undefined) return ranges
  context.addIssue({ code: 'custom', message: rangesError })
  return z.NEVER
})

const trustError = 'expected how many proxies stand before the gateway (0 to 10), or their addresses or ranges'
export const trustProxy = z.union([integer(0, 10, 'a number of proxies'), addressRanges], { error: trustError })

export const logLevel = z.enum(LOG_LEVELS, { error: `expected one of ${LOG_LEVELS.join(', ')}` })

export type DatabaseChoice = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

const databaseError =
  'expected file:<path> for SQLite, or postgres://<user>:<password>@<host>/<database> with a percent-encoded password'
export const database = required(databaseError).transform((value, context): DatabaseChoice => {
  const file = readSqliteFile(value)
  if (file !== undefined) return { kind: 'sqlite', file }
  if (isPostgresAddress(value)) return { kind: 'postgres', url: value }
  context.addIssue({ code: 'custom', message: databaseError })
  return z.NEVER
})

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
const encryptionKeysError =
  'expected base64 of exactly 32 bytes, or several separated by commas, each once; openssl rand -base64 32 makes one'
export const encryptionKeys = required(encryptionKeysError).transform((list, context): [Buffer, ...Buffer[]] => {
  const entries = list.split(',').map((entry) => entry.trim())
  const [first, ...others] = entries.map((entry) => Buffer.from(entry, 'base64'))
  const isRight = entries.every((entry) => ENCRYPTION_KEY.test(entry))
  if (first !== undefined && isRight && isUnique([first, ...others].map((key) => key.toString('hex')))) {
    return [first, ...others]
  }
  context.addIssue({ code: 'custom', message: encryptionKeysError })
  return z.NEVER
})

const webhookSecretError =
  'expected whsec_ and base64 of 24 to 64 bytes; echo "whsec_$(openssl rand -base64 32)" makes one'
/** The format of Standard Webhooks, as its libraries accept it. */
export const webhookSecret = required(webhookSecretError).refine(
  (value) => {
    const encoded = /^whsec_(.+)$/.exec(value)?.[1] ?? ''
    const bytes = Buffer.from(encoded, 'base64')
    return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded
  },
  { error: webhookSecretError },
)

const writableFolderError = 'expected a folder that exists and can be written to'
export const writableFolder = required(writableFolderError).refine(isWritableFolder, { error: writableFolderError })

function isWritableFolder(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return statSync(folder).isDirectory()
  } catch {
    return false
  }
}
